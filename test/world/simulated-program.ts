import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, type Disk, sleep } from '@stoa/agent';
import {
  journalDirectory,
  LAUNCHER_VERSION,
  type LastEnd,
  type Launched,
  LIMITS,
  layoutOf,
  type SlotInstaller,
  SlotStore,
  Start,
} from '@stoa/agent/simulation';
import { utf8 } from '@stoa/protocol';

const PLATFORM = 'linux-x64';
const NODE = '24.21.0';
const PREFIX = '/opt/stoa-agent';
/** As systemd has it. */
const RESTART_MS = 5_000;

/** What a payload of a simulated host is: a version, and on which share of the hosts it dies as it starts. */
export interface PayloadScript {
  readonly version: string;
  /** 0 to 1. */
  readonly fails: number;
}

export function encodePayload(script: PayloadScript): Uint8Array {
  return utf8(JSON.stringify(script));
}

export interface SimulatedProgramOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly dataDir: string;
  /** The root that the binary was built with, and the version that came in it. */
  readonly root: Uint8Array;
  readonly factory: string;
  /** Who is told apart from others by what a bad payload does. */
  readonly nodeId: string;
}

export interface StartedPayload {
  readonly version: string;
  readonly launched: Launched;
  readonly installer: SlotInstaller;
  /** The process ends as it was asked to. */
  end(): Promise<void>;
  /** It ends, and writes nothing down. */
  kill(): void;
}

/**
 * `stoa-agent` on a simulated host: the real launcher's decisions, slots and signatures on a disk in memory. A payload is not
 * evaluated but played.
 */
export class SimulatedProgram {
  readonly #options: SimulatedProgramOptions;
  readonly #factory: Uint8Array;
  #lastEnd: LastEnd | undefined;

  constructor(options: SimulatedProgramOptions) {
    this.#options = options;
    this.#factory = encodePayload({ version: options.factory, fails: 0 });
  }

  /** Resolves with what runs in the end: what dies as it starts is started anew, as a supervisor does. */
  async start(restart: () => void): Promise<StartedPayload> {
    for (;;) {
      const start = await this.#prepare();
      const { id, payload } = start.chosen;
      const script = JSON.parse(new TextDecoder().decode(payload)) as PayloadScript;
      if (!this.#dies(script)) return this.#started(start, script.version, restart);
      this.#lastEnd = {
        slot: id,
        reason: 'crashed',
        detail: `Error: payload ${script.version} dies on this host`,
      };
      await sleep(this.#options.clock, RESTART_MS);
    }
  }

  #prepare(): Promise<Start> {
    const { disk, clock, dataDir, root } = this.#options;
    return Start.prepare(
      {
        ...{ role: 'agent', disk, limits: LIMITS, platform: PLATFORM, layout: layoutOf(PREFIX) },
        state: journalDirectory('agent', { dataDir, instance: 'default' }),
        embedded: { root, factory: this.#factory },
        now: () => clock.now(),
        lastEnd: () => this.#lastEnd,
        lastLines: () => (this.#lastEnd === undefined ? [] : [this.#lastEnd.detail]),
        warn: () => undefined,
      },
      true,
    );
  }

  /** The same hosts for the same payload, whatever they try. */
  #dies({ version, fails }: PayloadScript): boolean {
    const drawn = createHash('sha256').update(`${version} ${this.#options.nodeId}`).digest().readUInt32BE();
    return drawn < fails * 2 ** 32;
  }

  #started(start: Start, version: string, restart: () => void): StartedPayload {
    const { clock, disk, root } = this.#options;
    const { id, sha256, verified } = start.chosen;
    const again = async (): Promise<never> => {
      restart();
      // The process is gone: nobody waits for it.
      return new Promise<never>(() => undefined);
    };
    const { silentAfterMs } = start;
    const silence =
      silentAfterMs === undefined
        ? undefined
        : clock.after(silentAfterMs, () => void start.giveUp().finally(restart));
    const launched: Launched = {
      ...{ role: 'agent', argv: ['run'], env: {}, prefix: PREFIX, programInode: 1, node: NODE },
      embeddedRoot: root,
      slot: { id, version, sha256, targetsVersion: verified?.targetsVersion },
      updateOnly: start.updateOnly(version),
      launcherVersion: LAUNCHER_VERSION,
      runtimeSha256: async () => '',
      silentAfterMs,
      failures: start.journal.failures,
      async confirm(proof) {
        if (await start.confirm(proof)) restart();
        if (start.silentAfterMs === undefined) silence?.cancel();
      },
      record: () => undefined,
      restart: again,
    };
    const store = new SlotStore({
      ...{ disk, platform: PLATFORM, layout: layoutOf(PREFIX), embeddedRoot: root, programInode: 1 },
      selfTest: async () => undefined,
    });
    const installer: SlotInstaller = {
      way: 'direct',
      state: () => store.state(),
      stage: ({ file, ...release }) => store.stage({ ...release, bytes: readAll(file) }),
      select: (slot) => store.select(slot),
      reject: (slot, reason) => store.reject(slot, reason),
      keep: (slot) => store.keep(slot),
      up: () => store.up(),
      restart: again,
    };
    return {
      ...{ version, launched, installer },
      kill: () => silence?.cancel(),
      async end() {
        silence?.cancel();
        await start.end();
      },
    };
  }
}

async function* readAll(path: string): AsyncGenerator<Uint8Array> {
  yield await readFile(path);
}
