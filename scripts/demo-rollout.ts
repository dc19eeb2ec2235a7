/** `pnpm demo --rollout`: what the holders of keys and an admin do, one release after the other, by their own commands. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAUNCHER_VERSION } from '@stoa/agent/layout';
import { formatBuild, peekRoot } from '@stoa/protocol/release';
import {
  createDevelopmentHolders,
  DEVELOPMENT_RELEASE_FILES,
  type DevelopmentHolders,
  signDevelopmentRelease,
} from '@stoa/signer';
import { hubCommand } from '../test/kit/hub-command.ts';
import { encodePayload } from '../test/world/simulated-program.ts';

export interface DemoRolloutOptions {
  /** Where holders' keys and builds go. */
  readonly directory: string;
  readonly clock: DevelopmentHolders['clock'];
  readonly random: DevelopmentHolders['random'];
  /** Of the commands beside the hub. */
  readonly env: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

interface RolloutRow {
  readonly rolloutId: string;
  readonly state: string;
  readonly ring: number;
  readonly reason: string;
  readonly evidence?: {
    readonly rings: readonly { readonly ring: number; readonly confirmed: number; readonly failed: number }[];
  };
}

const LOOK_MS = 3_000;
const PAYLOAD = 'payload.cjs';

export class DemoRollout {
  readonly #options: DemoRolloutOptions;

  private constructor(options: DemoRolloutOptions) {
    this.#options = options;
  }

  /** @returns also the root that binaries of the fleet are built with, and where they put what they fetch. */
  static async prepare(
    options: DemoRolloutOptions,
  ): Promise<{ rollout: DemoRollout; root: Uint8Array; downloads: string }> {
    const rollout = new DemoRollout(options);
    const { keys } = (await rollout.#command('release', 'keys')) as {
      keys: { role: 'snapshot' | 'timestamp'; publicKey: string }[];
    };
    const keyOf = (wanted: string): Uint8Array =>
      Buffer.from(keys.find(({ role }) => role === wanted)!.publicKey, 'hex');
    const online = { snapshot: keyOf('snapshot'), timestamp: keyOf('timestamp') };
    const { files } = await createDevelopmentHolders({ ...rollout.#holders, online });
    const [root] = files;
    const file = join(DEVELOPMENT_RELEASE_FILES.metadata(rollout.#holders.dir), '1.root.json');
    await rollout.#command('release', 'trust', file, '--hash', peekRoot(root!).sha256);
    return { rollout, root: root!, downloads: join(options.directory, 'downloads') };
  }

  /** @param fails on which share of the nodes it dies as it starts */
  async release(version: string, fails: number): Promise<void> {
    const { directory, say } = this.#options;
    const build = join(directory, version);
    await mkdir(build, { recursive: true });
    await writeFile(join(build, PAYLOAD), encodePayload({ version, fails }));
    const files = [{ kind: 'payload', platform: 'linux-x64', file: PAYLOAD }] as const;
    const about = { version, node: '24.21.0', minLauncher: LAUNCHER_VERSION, files };
    await writeFile(join(build, 'release.json'), formatBuild(about));
    const notes = fails === 0 ? 'A sound release.' : `Dies on ${100 * fails} % of the nodes.`;
    await signDevelopmentRelease({ ...this.#holders, build, notes });
    await this.#command('release', 'publish', build);
    const { rolloutId } = (await this.#command('rollout', 'create', '--yes')) as unknown as RolloutRow;
    say(`release ${version} (${notes}) is signed, published, and begins: /admin/rollouts/${rolloutId}`);
    await this.#follow(version, rolloutId);
  }

  get #holders(): DevelopmentHolders {
    const { directory, clock, random } = this.#options;
    return { dir: join(directory, 'holders'), clock, random };
  }

  async #follow(version: string, rolloutId: string): Promise<void> {
    let told = '';
    for (;;) {
      const { rollouts } = (await this.#command('rollout', 'status', rolloutId)) as {
        rollouts: RolloutRow[];
      };
      const { state, ring, reason, evidence } = rollouts[0]!;
      const sum = (of: 'confirmed' | 'failed') =>
        (evidence?.rings ?? []).reduce((all, one) => all + one[of], 0);
      const line = `${version}: ${state}, ring ${ring}, ${sum('confirmed')} nodes run it, ${sum('failed')} failed${reason && `: ${reason}`}`;
      if (line !== told) this.#options.say(line);
      told = line;
      if (state !== 'running') return;
      await sleep(LOOK_MS);
    }
  }

  async #command(...words: string[]): Promise<Record<string, unknown>> {
    const done = await hubCommand(this.#options.env, ...words, '--json');
    if (done.code !== 0) throw new Error(`stoa-hub ${words.join(' ')} ended with ${done.code}: ${done.err}`);
    return done.json();
  }
}
