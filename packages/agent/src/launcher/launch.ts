import { createDisk } from '#atomic-file.ts';
import type { Limits } from '#launcher/choice.ts';
import { evaluate } from '#launcher/evaluation.ts';
import { LastWords } from '#launcher/last-words.ts';
import { type Launched, ORDERLY, type Role } from '#launcher/launched.ts';
import { LAUNCHER_VERSION, layoutOf } from '#launcher/layout.ts';
import { becomeAnew } from '#launcher/restart.ts';
import { sha256OfFile } from '#launcher/runtime-swap.ts';
import { Start } from '#launcher/start.ts';
import { type WatchLimits, watchMainThread } from '#launcher/watchdog.ts';

export interface LaunchOptions {
  readonly role: Role;
  /** Without the program, and without `root`. */
  readonly argv: readonly string[];
  /** With which the program is started anew: its file, then all arguments. */
  readonly again: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly prefix: string;
  readonly programInode: number;
  /** Path that opens the very file that this process runs, whatever lies in its place by now. */
  readonly running: string;
  /** Directory of the role's journal; undefined where it is another user's. */
  readonly state: string | undefined;
  readonly embedded: { readonly root: Uint8Array; readonly factory: Uint8Array };
  readonly limits: Limits;
  readonly watch: WatchLimits;
}

/** Chooses a payload, runs it, and stands by. Resolves with the exit code. */
export async function launch(options: LaunchOptions): Promise<number> {
  const { role, argv, state } = options;
  const serves = role === 'agent' ? argv[0] === 'run' : argv.length === 0;
  const words = serves && state !== undefined ? new LastWords(state) : undefined;
  const counted = words !== undefined;
  const layout = layoutOf(options.prefix);
  const disk = createDisk();
  const start = await Start.prepare(
    {
      role,
      disk,
      layout,
      state,
      embedded: options.embedded,
      platform: `${process.platform}-${process.arch}`,
      limits: options.limits,
      now: () => Date.now(),
      lastEnd: () => words?.readEnd(),
      lastLines: (slot) => words?.lines(slot) ?? [],
      // A command may be somebody's who must not read the journal: it is of no concern to them.
      warn: counted ? warn : () => undefined,
    },
    counted,
  );
  const run = new Run(options, start, words);
  return run.run();
}

function warn(line: string): void {
  process.stderr.write(`stoa-agent: launcher: ${line}\n`);
}

class Run {
  readonly #options: LaunchOptions;
  readonly #start: Start;
  /** Undefined for a start that does not count. */
  readonly #words: LastWords | undefined;
  #silence: NodeJS.Timeout | undefined;
  #over = false;

  constructor(options: LaunchOptions, start: Start, words: LastWords | undefined) {
    this.#options = options;
    this.#start = start;
    this.#words = words;
  }

  async run(): Promise<number> {
    const { id, payload } = this.#start.chosen;
    if (this.#words !== undefined) this.#standBy(id, this.#words);
    try {
      const { start, version } = evaluate(payload, `stoa-agent:${id}`);
      const code = await start(this.#launched(version));
      if (ORDERLY.has(code)) await this.#leave();
      return code;
    } catch (error) {
      this.#crashed(error);
      throw error;
    }
  }

  #crashed(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const slot = this.#start.chosen.id;
    this.#words?.end({ slot, reason: 'crashed', detail: detail.slice(0, 2_000) });
  }

  #standBy(slot: string, words: LastWords): void {
    words.clear();
    process.on('uncaughtExceptionMonitor', (error) => this.#crashed(error));
    process.on('exit', (code) => {
      if (!this.#over) words.end({ slot, reason: 'crashed', detail: `it left with exit code ${code}` });
    });
    watchMainThread({ slot, endFile: words.endFile, limits: this.#options.watch, warn });
    setTimeout(() => {
      this.#start.up().catch((error: Error) => warn(error.message));
    }, this.#options.limits.upMs).unref();
    const silentMs = this.#start.silentAfterMs;
    if (silentMs === undefined || this.#options.role === 'root') return;
    this.#silence = setTimeout(() => void this.#giveUp(), silentMs);
  }

  #launched(version: string): Launched {
    const { role, argv, env, prefix } = this.#options;
    const { chosen, journal } = this.#start;
    const { id, sha256, verified } = chosen;
    return {
      role,
      argv,
      env,
      prefix,
      embeddedRoot: this.#options.embedded.root,
      programInode: this.#options.programInode,
      slot: { id, version, sha256, targetsVersion: verified?.targetsVersion },
      updateOnly: this.#start.updateOnly(version),
      launcherVersion: LAUNCHER_VERSION,
      node: process.versions.node,
      runtimeSha256: () => sha256OfFile(this.#options.running),
      silentAfterMs: this.#start.silentAfterMs,
      failures: journal.failures,
      confirm: async (proof) => {
        if (this.#words === undefined) return;
        try {
          if (await this.#start.confirm(proof)) return await this.#restart();
        } finally {
          if (this.#start.silentAfterMs === undefined) clearTimeout(this.#silence);
        }
        if (!this.#start.doubtful) this.#words.clear(id);
      },
      record: (line) => {
        if (this.#start.doubtful) this.#words?.record(id, line);
      },
      restart: () => this.#restart(),
    };
  }

  async #giveUp(): Promise<void> {
    try {
      await this.#start.giveUp();
    } finally {
      await this.#restart();
    }
  }

  async #leave(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#silence);
    if (this.#words === undefined) return;
    // A start that can't be closed in the journal counts as one that was cut: no harm, it takes several in a row.
    await this.#start.end().catch((error: Error) => process.stderr.write(`stoa-agent: ${error.message}\n`));
  }

  async #restart(): Promise<never> {
    await this.#leave();
    const { again, env } = this.#options;
    return becomeAnew(again, env);
  }
}
