import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { LIMITS } from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import { AgentError } from '#error.ts';
import { LineSplitter } from '#work/line-splitter.ts';

export type Argv = readonly [program: string, ...args: string[]];

export interface Command {
  /** Handed to the kernel as it is: no shell ever sees it. */
  readonly argv: Argv;
  readonly cwd?: string;
  /** Beside a fixed PATH and locale: nothing of the agent's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array | string | AsyncIterable<Uint8Array>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Of standard error, and of standard output unless `onBytes` takes it. Longer lines than 8 KiB are cut. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Takes standard output raw; its promise holds the command back. */
  readonly onBytes?: (chunk: Uint8Array) => void | Promise<void>;
}

export interface CommandEnd {
  /** 128 + the signal's number where a signal ended it by itself, as shells count. */
  readonly exitCode: number;
}

/** The one way to run a process. */
export interface Commands {
  /** Resolves once it is gone, whatever its exit code. @throws CommandError */
  run(command: Command): Promise<CommandEnd>;
}

export type CommandErrorCode =
  | 'command_missing'
  | 'command_denied'
  | 'command_timeout'
  | 'command_aborted'
  | 'command_failed';

export class CommandError extends AgentError<CommandErrorCode> {
  override readonly name = 'CommandError';

  constructor(code: CommandErrorCode, program: string, why: string, cause?: unknown) {
    super(code, `${program} ${why}`, { retry: code === 'command_timeout', cause });
  }
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** A grandchild that left the group may hold the pipes for ever. */
const DRAIN_MS = 2_000;

/**
 * Each command leads a process group of its own. Its time-out or its signal sends TERM to the group, KILL ten seconds
 * later; whatever of the group is left when the leader ends goes with it, so nothing of a job outlives the job.
 */
export function createCommands(clock: Clock): Commands {
  return { run: (command) => new Run(clock, command).end };
}

class Run {
  readonly end: Promise<CommandEnd>;
  readonly #clock: Clock;
  readonly #command: Command;
  readonly #timers: Timer[] = [];
  #ending: CommandError | undefined;

  constructor(clock: Clock, command: Command) {
    this.#clock = clock;
    this.#command = command;
    this.end = this.#run();
  }

  async #run(): Promise<CommandEnd> {
    const { argv, cwd, env, signal, timeoutMs } = this.#command;
    const [program, ...args] = argv;
    if (signal?.aborted) throw this.#aborted();
    const child = spawn(program, args, {
      cwd: cwd ?? '/',
      env: { PATH, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const abort = (): void => this.#stop(child, this.#aborted());
    signal?.addEventListener('abort', abort, { once: true });
    this.#after(timeoutMs, () =>
      this.#stop(child, new CommandError('command_timeout', program, `did not end within ${timeoutMs} ms`)),
    );
    try {
      return await this.#attend(child);
    } finally {
      signal?.removeEventListener('abort', abort);
      for (const timer of this.#timers) timer.cancel();
    }
  }

  async #attend(child: ChildProcess): Promise<CommandEnd> {
    const { argv, onBytes, onLine } = this.#command;
    const exited = exitOf(child, argv[0]);
    const outputs = [
      onBytes
        ? readBytes(child.stdout!, onBytes)
        : readLines(child.stdout!, (line) => onLine?.(line, 'stdout')),
      readLines(child.stderr!, (line) => onLine?.(line, 'stderr')),
    ].map((reading) => reading.catch((cause: unknown) => this.#stop(child, this.#broken(cause))));
    const fed = this.#feed(child).catch((cause: unknown) => this.#stop(child, this.#broken(cause)));
    const end = await exited;
    signalGroup(child, 'SIGKILL');
    this.#after(DRAIN_MS, () => {
      child.stdout!.destroy();
      child.stderr!.destroy();
    });
    await Promise.all([...outputs, fed]);
    if (this.#ending !== undefined) throw this.#ending;
    return end;
  }

  /** A program may end without reading all that it is given: that is its own business. */
  async #feed(child: ChildProcess): Promise<void> {
    const { stdin = '' } = this.#command;
    const input = child.stdin!;
    let gone = false;
    const closed = new Promise<void>((resolve) => {
      input.once('close', () => {
        gone = true;
        resolve();
      });
    });
    input.on('error', () => input.destroy());
    child.once('exit', () => input.destroy());
    if (typeof stdin === 'string' || stdin instanceof Uint8Array) input.end(stdin);
    else {
      for await (const chunk of stdin) {
        if (gone) return;
        if (!input.write(chunk)) await Promise.race([drained(input), closed]);
      }
      input.end();
    }
  }

  #stop(child: ChildProcess, why: CommandError): void {
    if (this.#ending !== undefined) return;
    this.#ending = why;
    signalGroup(child, 'SIGTERM');
    this.#after(LIMITS.cancelGraceMs, () => signalGroup(child, 'SIGKILL'));
  }

  #after(ms: number, task: () => void): void {
    this.#timers.push(this.#clock.after(ms, task));
  }

  #aborted(): CommandError {
    const { argv, signal } = this.#command;
    return new CommandError('command_aborted', argv[0], 'was ended before it was done', signal?.reason);
  }

  #broken(cause: unknown): CommandError {
    return new CommandError('command_failed', this.#command.argv[0], 'lost what it reads or writes', cause);
  }
}

function drained(input: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => input.once('drain', resolve));
}

function exitOf(child: ChildProcess, program: string): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const [code, why] = STARTS[cause.code ?? ''] ?? (['command_failed', 'could not be started'] as const);
      reject(new CommandError(code, program, why, cause));
    });
    child.once('exit', (code, signal) => resolve({ exitCode: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0) }));
  });
}

const STARTS: Readonly<Record<string, readonly [CommandErrorCode, string]>> = {
  ENOENT: ['command_missing', 'is not installed here'],
  EACCES: ['command_denied', 'may not be run by this user'],
};

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

function signalGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const lines = new LineSplitter(onLine);
  for await (const chunk of untilDestroyed(stream)) lines.push(chunk);
  lines.end();
}

async function readBytes(stream: Readable, onBytes: NonNullable<Command['onBytes']>): Promise<void> {
  for await (const chunk of untilDestroyed(stream)) await onBytes(chunk);
}

async function* untilDestroyed(stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    // Destroyed after the drain time: what was read stands.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
