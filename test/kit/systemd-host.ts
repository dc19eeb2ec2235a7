import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

const SCRIPT = fileURLToPath(new URL('systemd-host.sh', import.meta.url));
const run = promisify(execFile);

/** A running systemd with this machine's files, of which it changes none. Needs root. */
export class SystemdHost implements AsyncDisposable {
  readonly #pid: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(pid: number, stack: AsyncDisposableStack) {
    this.#pid = pid;
    this.#stack = stack;
  }

  static async boot(): Promise<SystemdHost> {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryDirectory());
    const flags = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--cgroup', '--kill-child'];
    const child = spawn('unshare', [...flags, 'sh', SCRIPT], {
      env: { WORK: path, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(String(chunk)));
    const ended = once(child, 'exit');
    stack.defer(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    let pid = 0;
    await until(
      'systemd runs',
      async () => {
        if (child.exitCode !== null) throw new Error(`systemd did not start: ${said.join('')}`);
        pid = Number((await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim());
        if (pid === 0) return false;
        const state = await run('nsenter', [...entering(pid), 'systemctl', 'is-system-running']).catch(
          (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
        );
        return /^(running|degraded)/.test(state.stdout);
      },
      { everyMs: 100 },
    );
    return new SystemdHost(pid, stack.move());
  }

  /** A path of the host as this process reaches it. */
  path(inside: string): string {
    return join(`/proc/${this.#pid}/root`, inside);
  }

  /** Standard output. @throws with standard error where the exit code is not 0. */
  async run(...argv: readonly [string, ...string[]]): Promise<string> {
    const { stdout } = await run('nsenter', [...entering(this.#pid), ...argv]);
    return stdout;
  }

  /** The machine's groups of processes beside systemd's own, which an engine of containers needs: it makes its own below them. */
  async bindGroups(): Promise<void> {
    const script = `for group in /sys/fs/cgroup/*/; do
  into=/proc/${this.#pid}/root$group
  [ -e "$into" ] && continue
  mkdir "$into"
  mount --bind "$group" "$into"
done`;
    await run('nsenter', ['--target', String(this.#pid), '--mount', 'sh', '-c', script]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function entering(pid: number): string[] {
  return [
    '--target',
    String(pid),
    '--mount',
    '--pid',
    '--cgroup',
    '--uts',
    '--ipc',
    `--root=/proc/${pid}/root`,
    '--wd=/',
  ];
}
