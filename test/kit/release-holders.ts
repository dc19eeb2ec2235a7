/** Three people who sign releases, each with a directory and processes of their own, and one who combines. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SIGNER = fileURLToPath(new URL('../../packages/signer/src/main.ts', import.meta.url));
const NAMES = ['alice', 'bob', 'carol'] as const;
const ROLES = ['root', 'targets'] as const;

export type Holder = (typeof NAMES)[number];
type Role = (typeof ROLES)[number];

/** Public keys of the publishing hub, in hex, as `stoa-hub release keys` prints them. */
export interface OnlineKeyOptions {
  readonly snapshot: string;
  readonly timestamp: string;
}

/** The last line of what a command prints, as JSON. @throws Error with the command's own words. */
async function signer(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, [SIGNER, 'release', ...words, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

export class ReleaseHolders {
  readonly #directory: string;
  #roots = 0;
  #targets = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param directory empty; a folder for each of them is made in it */
  static async open(directory: string): Promise<ReleaseHolders> {
    const holders = new ReleaseHolders(directory);
    await mkdir(holders.metadata, { recursive: true });
    for (const name of NAMES) {
      await mkdir(join(directory, name));
      // What opens the keys is there before two commands at once would make it.
      await writeFile(holders.#file(name, 'unlock'), randomBytes(32), { mode: 0o600 });
    }
    return holders;
  }

  /** Of whoever combines: `N.root.json`, `N.targets.json`. */
  get metadata(): string {
    return join(this.#directory, 'metadata');
  }

  get firstRoot(): string {
    return join(this.metadata, '1.root.json');
  }

  /** Keys for everybody, and the first root. @returns its file, for binaries and hubs to trust. */
  async begin(online?: OnlineKeyOptions): Promise<string> {
    const keys = await Promise.all(NAMES.flatMap((name) => ROLES.map((role) => this.#makeKey(name, role))));
    const of = (wanted: Role) => keys.flatMap(({ role, key }) => (role === wanted ? [key] : []));
    const draft = join(this.#directory, 'root-1.draft');
    const holders = ['--root-holder', ...of('root'), '--targets-holder', ...of('targets')];
    await signer('root', 'init', ...holders, ...hubOptions(online), '--out', draft);
    return this.#signRoot(draft, ['alice', 'bob']);
  }

  /** The next root. @param changes options of `signer release root rotate` @returns its file. */
  async rotate(by: readonly Holder[], ...changes: readonly string[]): Promise<string> {
    const draft = join(this.#directory, `root-${this.#roots + 1}.draft`);
    await signer('root', 'rotate', '--roots', this.metadata, ...changes, '--out', draft);
    return this.#signRoot(draft, by);
  }

  /** A root that names a hub. */
  nameHub(online: OnlineKeyOptions): Promise<string> {
    return this.rotate(['alice', 'carol'], ...hubOptions(online));
  }

  /**
   * Signs what `pnpm build:agent` made; each of the two compares the files.
   * @param wishes options of `signer release draft`
   * @returns the version of the signed metadata, which lies in the build with every root, ready to be published.
   */
  async sign(
    build: string,
    { by = ['alice', 'bob'], wishes = [] }: { by?: readonly Holder[]; wishes?: readonly string[] } = {},
  ): Promise<number> {
    const out = join(this.#directory, `targets-${this.#targets + 1}.draft`);
    const previous =
      this.#targets === 0 ? [] : ['--previous', join(this.metadata, `${this.#targets}.targets.json`)];
    const about = ['--roots', this.metadata, ...previous, '--build', build];
    const { version } = await signer('draft', ...about, ...wishes, '--out', out);
    const signatures = await this.#signatures(out, { by, role: 'targets', about });
    const file = join(this.metadata, `${Number(version)}.targets.json`);
    await this.#combine(out, signatures, file);
    this.#targets = Number(version);
    await this.handOver(build);
    return this.#targets;
  }

  /** The newest metadata and every root, put into a build, from where a hub publishes them. */
  async handOver(build: string): Promise<void> {
    const names = Array.from({ length: this.#roots }, (_, i) => `${i + 1}.root.json`);
    if (this.#targets > 0) names.push(`${this.#targets}.targets.json`);
    await mkdir(join(build, 'metadata'), { recursive: true });
    for (const name of names) await cp(join(this.metadata, name), join(build, 'metadata', name));
  }

  async #makeKey(name: Holder, role: Role): Promise<{ role: Role; key: string }> {
    const file = ['--file', this.#file(name, `${role}.key`), '--key-file', this.#file(name, 'unlock')];
    const { publicKey } = await signer('key', 'init', '--role', role, ...file);
    return { role, key: `${name}=${String(publicKey)}` };
  }

  async #signRoot(draft: string, by: readonly Holder[]): Promise<string> {
    const about = ['--roots', this.metadata];
    const signatures = await this.#signatures(draft, { by, role: 'root', about });
    const file = join(this.metadata, `${this.#roots + 1}.root.json`);
    await this.#combine(draft, signatures, file);
    this.#roots += 1;
    return file;
  }

  #signatures(
    draft: string,
    { by, role, about }: { by: readonly Holder[]; role: Role; about: readonly string[] },
  ): Promise<string[]> {
    return Promise.all(
      by.map(async (name) => {
        const out = `${draft}.${name}`;
        const key = ['--file', this.#file(name, `${role}.key`), '--key-file', this.#file(name, 'unlock')];
        await signer('sign', '--draft', draft, ...about, ...key, '--out', out);
        return out;
      }),
    );
  }

  async #combine(draft: string, signatures: readonly string[], out: string): Promise<void> {
    const about = ['--draft', draft, '--roots', this.metadata, '--signature', ...signatures];
    await signer('combine', ...about, '--out', out);
  }

  #file(name: Holder, file: string): string {
    return join(this.#directory, name, file);
  }
}

function hubOptions(online: OnlineKeyOptions | undefined): string[] {
  return online === undefined ? [] : ['--snapshot', online.snapshot, '--timestamp', online.timestamp];
}
