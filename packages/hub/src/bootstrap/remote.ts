import { type SshOutput, type SshSession, shellQuote } from '#seams/ssh-pool/index.ts';
import { BootstrapError } from './error.ts';

export interface ScriptOptions {
  /** `$1`, `$2`, … of the script. They stand in the host's list of processes: never a secret. */
  readonly args?: readonly string[];
  /** Lines or bytes that the script reads. Secrets go this way. */
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

const USUAL_MS = 60_000;
const DISK_FULL = /No space left on device|Disk quota exceeded/;

/** Scripts of POSIX shell on one host, as the user that we sign in as, or as root. */
export class Remote {
  readonly #session: SshSession;
  readonly #signal: AbortSignal;
  readonly #say: (line: string) => void;
  /** What becomes root; undefined until it is known. */
  #root: string | undefined;

  constructor(by: { session: SshSession; signal: AbortSignal; say: (line: string) => void }) {
    this.#session = by.session;
    this.#signal = by.signal;
    this.#say = by.say;
  }

  /** Whether scripts can be run as root, without a question. */
  async mayBeRoot(): Promise<boolean> {
    const output = await this.#run(
      '[ "$(id -u)" = 0 ] && echo root && exit; sudo -n true 2>/dev/null && echo sudo',
      {},
    );
    const way = output.stdout.trim();
    this.#root = way === 'root' ? '' : way === 'sudo' ? 'sudo -n ' : undefined;
    return this.#root !== undefined;
  }

  /** @throws BootstrapError `no_sudo`. */
  async requireRoot(): Promise<void> {
    if (this.#root === undefined && !(await this.mayBeRoot()))
      throw new BootstrapError(
        'no_sudo',
        'the user that we sign in as may not become root without a password. Run sudoers-repair with his password, or sign in as another user',
        { retry: false },
      );
  }

  /** @returns what it printed. @throws BootstrapError `remote_failed`, `remote_disk_full`. */
  async user(what: string, script: string, options: ScriptOptions = {}): Promise<string> {
    return this.#expect(what, await this.#run(commandOf('', script, options), options));
  }

  async root(what: string, script: string, options: ScriptOptions = {}): Promise<string> {
    await this.requireRoot();
    return this.#expect(what, await this.#run(commandOf(this.#root ?? '', script, options), options));
  }

  /** As root by the user's own password. A wrong one is tried once, so that nobody is locked out. */
  async rootBy(
    password: string,
    what: string,
    by: { script: string; args: readonly string[] },
  ): Promise<string> {
    const command = commandOf("head -n 1 | sudo -S -k -p '' ", by.script, by);
    return this.#expect(what, await this.#run(command, { stdin: `${password}\n` }));
  }

  #run(command: string, { stdin, timeoutMs = USUAL_MS }: ScriptOptions): Promise<SshOutput> {
    return this.#session.run(command, {
      ...{ timeoutMs, signal: this.#signal, onLine: this.#say },
      ...(stdin !== undefined && { stdin }),
    });
  }

  #expect(what: string, { exitCode, stdout, stderr }: SshOutput): string {
    if (exitCode === 0) return stdout;
    const said = stderr.trim().split('\n').slice(-3).join('; ').slice(0, 300);
    if (DISK_FULL.test(stderr))
      throw new BootstrapError('remote_disk_full', `${what}: the disk of the host is full: ${said}`, {
        retry: false,
      });
    throw new BootstrapError(
      'remote_failed',
      `${what}: the host answered ${exitCode ?? 'by a signal'}: ${said}`,
      {
        retry: false,
      },
    );
  }
}

function commandOf(prefix: string, script: string, { args = [] }: ScriptOptions): string {
  return [`${prefix}sh -c`, shellQuote(script), 'stoa', ...args.map(shellQuote)].join(' ');
}
