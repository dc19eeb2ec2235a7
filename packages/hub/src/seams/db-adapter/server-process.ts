import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DbLog } from './adapter.ts';
import { DatabaseError } from './error.ts';
import type { ServerAccount } from './server-account.ts';

const START_MS = 60_000;
const TAIL_LINES = 12;
const READY = 'database system is ready to accept connections';
/** Fast shutdown; then immediate, which the next start recovers from; then nothing is left to ask. */
const STOP: ReadonlyArray<{ signal: NodeJS.Signals; ms: number }> = [
  { signal: 'SIGINT', ms: 8_000 },
  { signal: 'SIGQUIT', ms: 2_000 },
  { signal: 'SIGKILL', ms: 2_000 },
];

const MIB = 2 ** 20;

/** A sixteenth of the machine, 512 MiB at most: an hour of 200,000 nodes is closed out of memory with that. */
function sharedBuffers(memory: number): string {
  return `${Math.min(512, Math.max(48, Math.floor(memory / 16 / MIB)))}MB`;
}

/** Sized for a hub beside it on a small machine. Durability is never among what is tuned: fsync stays on. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '50',
  huge_pages: 'off',
  max_parallel_workers_per_gather: '0',
  io_method: 'sync',
  jit: 'off',
  // §16.5's slow-query log.
  log_min_duration_statement: '1000',
  // Parameters hold addresses and hashes of secrets.
  log_parameter_max_length: '0',
  log_checkpoints: 'off',
  log_line_prefix: '',
  log_timezone: 'UTC',
  timezone: 'UTC',
  lc_messages: 'C',
};

export interface ServerCommand {
  readonly postgres: string;
  readonly cluster: string;
  readonly socketDirectory: string;
  readonly account: ServerAccount | undefined;
  /** Bytes that this machine, or the container, has. */
  readonly memory: number;
}

/** A running postmaster: our child, but in a group of its own, since a terminal's Ctrl-C must not reach it. */
export class ServerProcess {
  /** Resolves, with how it ended, once the postmaster is gone. */
  readonly exit: Promise<string>;
  readonly #child: ChildProcess;
  readonly #log: DbLog;
  readonly #tail: string[] = [];
  #stopping = false;

  /** Resolves once it accepts connections. @throws {DatabaseError} `database_start_failed` with its last lines. */
  static async start(command: ServerCommand, log: DbLog): Promise<ServerProcess> {
    const server = new ServerProcess(command, log);
    await server.#ready();
    return server;
  }

  private constructor(command: ServerCommand, log: DbLog) {
    const { postgres, cluster, socketDirectory, account, memory } = command;
    this.#log = log;
    const settings = {
      ...SETTINGS,
      shared_buffers: sharedBuffers(memory),
      unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#child = spawn(postgres, ['-D', cluster, ...args], {
      cwd: '/',
      env: {},
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(account && { uid: account.uid, gid: account.gid }),
    });
    this.exit = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) =>
        resolve(signal ? `ended by ${signal}` : `exit code ${code}`),
      );
    });
    // An uncaught exception skips every `close`: the server is at least told to end.
    const onProcessExit = () => this.#child.kill('SIGINT');
    process.once('exit', onProcessExit);
    void this.exit.then(() => process.off('exit', onProcessExit));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends within 12 s whatever the server does. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { signal, ms } of STOP) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
      this.#child.kill(signal);
      if (await settlesWithin(this.exit, ms)) return;
    }
  }

  async #ready(): Promise<void> {
    const ready = new Promise<undefined>((resolve) => {
      const lines = createInterface({ input: this.#child.stderr!, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', (line) => {
        this.#report(line);
        if (line.includes(READY)) resolve(undefined);
      });
    });
    const late = new AbortController();
    const failure = await Promise.race([
      ready,
      this.exit,
      sleep(START_MS, `not ready within ${START_MS / 1000} s`, { signal: late.signal }),
    ]);
    late.abort();
    if (failure === undefined) return;
    await this.stop();
    throw new DatabaseError(
      'database_start_failed',
      `The embedded PostgreSQL did not start (${failure}). Its last words: ${this.#tail.join(' | ') || 'none'}`,
    );
  }

  #report(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    const [, severity = '', text = line] = /^([A-Z]+\d?):\s+(.*)$/.exec(line) ?? [];
    if (severity === 'LOG' && text.startsWith('duration:')) this.#log.warn({ text }, 'slow statement');
    else if (severity === 'PANIC' || (severity === 'FATAL' && !this.#stopping))
      this.#log.error({ text }, 'database server');
    else if (severity === 'WARNING') this.#log.warn({ text }, 'database server');
    // A failed statement is an ERROR here too; whoever ran it has it as an exception.
    else this.#log.debug({ severity, text }, 'database server');
  }
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = await Promise.race([promise.then(() => true), sleep(ms, false, { signal: timer.signal })]);
  timer.abort();
  return settled;
}
