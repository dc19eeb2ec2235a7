import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeReleaseParties, makeTarget } from '@stoa/protocol/fixtures';
import type { ReleaseContent, TargetCustom } from '@stoa/protocol/release';
import type { Programs } from './programs.ts';

const GUARD = fileURLToPath(new URL('../../../packages/agent/src/launcher/guard.sh', import.meta.url));
const KILL_AT = fileURLToPath(new URL('kill-at.cjs', import.meta.url));
const PLATFORM = `${process.platform}-${process.arch}` as 'linux-x64';
const RUN_MS = 20_000;
const PLACES = ['prefix', 'data'] as const;

/** A node that runs nothing, or something that nobody signed. */
export class CaseFailure extends Error {
  override readonly name = 'CaseFailure';
  readonly kind: 'dead' | 'wrong_accept';

  constructor(kind: 'dead' | 'wrong_accept', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a payload does once it was started. */
export type Behaviour = 'good' | 'throws' | 'aborts' | 'exits' | 'spins' | 'leaks' | 'mute';

const parties = makeReleaseParties('ota faults');
const signed = new Map<string, Uint8Array>();

function payloadText(version: string, behaviour: Behaviour): string {
  const does: Record<Behaviour, string> = {
    good: '',
    throws: "throw new Error('thrown at start');",
    aborts: 'process.abort();',
    exits: 'process.exit(3);',
    spins: 'for (;;);',
    leaks: 'for (const held = []; ; ) held.push(new Array(1e5).fill(held.length));',
    mute: '',
  };
  return `exports.version = '${version}';
exports.start = async (launched) => {
  const { existsSync } = require('node:fs');
  launched.record('line of ${version}');
  if (launched.argv[0] !== 'run') { process.stdout.write('command ' + exports.version + '\\n'); return 0; }
  ${does[behaviour]}
  process.stdout.write(JSON.stringify({ running: exports.version, slot: launched.slot.id, pid: process.pid, updateOnly: launched.updateOnly, failures: launched.failures }) + '\\n');
  const stop = new Promise((resolve) => process.once('SIGTERM', resolve));
  const mute = ${behaviour === 'mute'} || existsSync(launched.env.HUB_DOWN ?? '');
  if (!mute) await launched.confirm('session').then(() => process.stdout.write('{"confirmed":true}\\n'), (error) => process.stdout.write(JSON.stringify({ unconfirmed: error.code }) + '\\n'));
  const alive = setInterval(() => {}, 1000);
  await stop;
  clearInterval(alive);
  return 0;
};
`;
}

export interface Release {
  readonly path: string;
  readonly targets: string;
  readonly file: string;
  readonly roots: readonly string[];
  readonly id: string;
}

export interface Running {
  readonly running: string;
  readonly slot: string;
  readonly pid: number;
  readonly updateOnly: boolean;
  readonly failures: readonly { slot: string; reason: string; lines: string[]; final: boolean }[];
}

/** One installation with real programs, and what signs for it. */
export class Site {
  readonly root: string;
  readonly prefix: string;
  readonly data: string;
  readonly hubDown: string;
  readonly parties = parties;
  /** After which the launcher takes a payload for silent: longer than a busy machine takes to start one that is not. */
  silentMs = 15_000;
  readonly #programs: Programs;
  #countInto: string | undefined;
  #children: ChildProcess[] = [];
  #mounts: string[] = [];

  constructor(programs: Programs) {
    this.#programs = programs;
    this.root = mkdtempSync(join(tmpdir(), 'stoa-ota-'));
    this.prefix = join(this.root, 'prefix');
    this.data = join(this.root, 'data');
    this.hubDown = join(this.root, 'hub-down');
    for (const directory of [this.prefix, this.data]) mkdirSync(directory);
    this.#place();
  }

  #place(): void {
    writeFileSync(join(this.prefix, 'root.json'), parties.root());
    writeFileSync(join(this.prefix, 'factory.cjs'), payloadText('0.9.0', 'good'));
    cpSync(GUARD, join(this.prefix, 'guard.sh'));
    this.writeRuntime(join(this.prefix, 'stoa-agent'), 'old');
  }

  /** The launcher as an executable file; `name` makes it another one than the rest. */
  writeRuntime(path: string, name: string, body = readFileSync(this.#programs.launcher, 'utf8')): void {
    writeFileSync(path, `#!${process.execPath}\n// ${name}\n${body}`);
    chmodSync(path, 0o755);
  }

  get runtime(): string {
    return /^\/\/ (.+)$/m.exec(readFileSync(join(this.prefix, 'stoa-agent'), 'utf8'))?.[1] ?? 'none';
  }

  /** What a file system of its own lies over; taken away with the site. False where this process may not mount. */
  mount(path: string, options: string): boolean {
    mkdirSync(path, { recursive: true });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'stoa-ota', path]).status === 0;
    if (mounted) this.#mounts.push(path);
    return mounted;
  }

  /** The installation anew, on a file system that was mounted over it. */
  placeAgain(): void {
    this.#place();
  }

  payload(version: string, behaviour: Behaviour = 'good', content: Partial<ReleaseContent> = {}): Release {
    return this.release(version, Buffer.from(payloadText(version, behaviour)), { content });
  }

  /** @param body of the program; the launcher's own unless given. */
  runtimeRelease(version: string, body?: string): Release {
    const path = join(this.root, `runtime-${version}-body`);
    this.writeRuntime(path, version, body);
    return this.release(version, readFileSync(path), { custom: { kind: 'runtime' } });
  }

  release(
    version: string,
    bytes: Uint8Array,
    by: {
      content?: Partial<ReleaseContent>;
      custom?: Partial<TargetCustom>;
      sent?: Uint8Array;
      targets?: Uint8Array;
      roots?: readonly Uint8Array[];
    } = {},
  ): Release {
    const target = makeTarget(PLATFORM, version, { bytes, custom: by.custom ?? {} });
    const key = JSON.stringify([target, by.content]);
    const metadata =
      by.targets ??
      signed.get(key) ??
      parties.targets({ release: version, targets: [target], ...by.content });
    if (by.targets === undefined) signed.set(key, metadata);
    const write = (name: string, content: Uint8Array): string => {
      const path = join(this.root, name);
      writeFileSync(path, content);
      return path;
    };
    const kind = target.custom.kind === 'payload' ? '' : 'runtime-';
    return {
      path: target.path,
      targets: write(`${version}.targets.json`, metadata),
      file: write(`${version}.file`, by.sent ?? bytes),
      roots: (by.roots ?? []).map((root, n) => write(`${version}.root-${n}`, root)),
      id: `${kind}${version}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`,
    };
  }

  /** One call of the store in a process of its own. Resolves with the code of its refusal, 'ok', or 'killed'. */
  async install(verb: string, args: readonly string[], killAt?: number): Promise<string> {
    const { output, signal } = await this.#process(
      this.#programs.installer,
      [this.prefix, verb, ...args],
      killAt,
    );
    if (signal === 'SIGKILL') return 'killed';
    const { code } = JSON.parse(output) as { code?: string };
    return code ?? 'ok';
  }

  stage({ path, targets, file, roots }: Release, killAt?: number): Promise<string> {
    return this.install('stage', [path, targets, file, ...roots], killAt);
  }

  async stageAndSelect(release: Release): Promise<void> {
    const staged = await this.stage(release);
    const selected = staged === 'ok' ? await this.install('select', [release.id]) : staged;
    if (selected !== 'ok') throw new CaseFailure('dead', `a good release is refused: ${selected}`);
  }

  /** How many effects on the disk an act has, in that image of its process which has most. */
  async effectsOf(act: () => Promise<unknown>): Promise<number> {
    const directory = join(this.root, 'effects');
    mkdirSync(directory);
    this.#countInto = join(directory, 'of');
    await act();
    this.#countInto = undefined;
    const counts = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
    rmSync(directory, { recursive: true });
    return Math.max(0, ...counts);
  }

  /** Program, slots and journal as they are now, to come back to. */
  save(): void {
    for (const name of PLACES)
      cpSync(join(this.root, name), join(this.root, `${name}.saved`), { recursive: true });
  }

  restore(): void {
    for (const name of PLACES) {
      rmSync(join(this.root, name), { recursive: true, force: true });
      cpSync(join(this.root, `${name}.saved`), join(this.root, name), { recursive: true });
    }
  }

  /** As the service manager starts it: the guard, then the program, which is stopped once it says that it runs. */
  async start(
    by: { killAt?: number; untilConfirmed?: boolean; preload?: string } = {},
  ): Promise<Running | undefined> {
    spawnSync('sh', [join(this.prefix, 'guard.sh')]);
    const args = ['run', '--data', this.data];
    const { output } = await this.#process(join(this.prefix, 'stoa-agent'), args, by.killAt, {
      ...(by.preload !== undefined && { preload: by.preload }),
      stopAt: by.untilConfirmed === false ? /"running":.*\n/ : /confirmed":.*\n/,
    });
    const ran = (output.match(/^\{"running".*$/gm) ?? []).map((line) => JSON.parse(line) as Running);
    if (new Set(ran.map(({ pid }) => pid)).size > 1) throw new CaseFailure('dead', 'the PID has changed');
    return ran.at(-1);
  }

  /** Starts as often as a service manager does, until something runs. @throws CaseFailure where nothing does. */
  async expectRuns(versions: readonly string[], starts = 12): Promise<Running> {
    for (let time = 0; time < starts; time += 1) {
      const running = await this.start({ untilConfirmed: false });
      if (running === undefined) continue;
      if (versions.includes(running.running)) return running;
      throw new CaseFailure('wrong_accept', `${running.running} runs, ${versions.join(' or ')} was expected`);
    }
    throw new CaseFailure('dead', `nothing runs after ${starts} starts`);
  }

  async #process(
    program: string,
    args: readonly string[],
    killAt: number | undefined,
    by: { stopAt?: RegExp; preload?: string } = {},
  ): Promise<{ output: string; signal: string | null }> {
    const preloads = [KILL_AT, ...(by.preload === undefined ? [] : [by.preload])];
    const child = spawn(
      process.execPath,
      [...preloads.flatMap((file) => ['--require', file]), '--max-old-space-size=64', program, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          HUB_DOWN: this.hubDown,
          SILENT_MS: String(this.silentMs),
          ...(killAt !== undefined && { KILL_AT: String(killAt) }),
          ...(this.#countInto !== undefined && { EFFECTS_FILE: this.#countInto }),
        },
      },
    );
    this.#children.push(child);
    const patience = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (by.stopAt?.test(output)) child.kill('SIGTERM');
    });
    child.stderr.resume();
    const signal = await new Promise<string | null>((resolve) => {
      child.once('close', (_code, ended) => resolve(ended));
    });
    clearTimeout(patience);
    this.#children = this.#children.filter((other) => other !== child);
    return { output, signal };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const path of this.#mounts.toReversed()) spawnSync('umount', ['-l', path]);
    rmSync(this.root, { recursive: true, force: true });
  }
}
