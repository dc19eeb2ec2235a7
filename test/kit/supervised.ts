import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const RESTART_MS = 200;

/** A program that is started again whenever it ends badly, as systemd does. */
export class Supervised implements AsyncDisposable {
  readonly #program: readonly [string, ...string[]];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #starts = 0;
  #over = false;

  constructor(program: readonly [string, ...string[]], env: NodeJS.ProcessEnv) {
    this.#program = program;
    this.#env = env;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get starts(): number {
    return this.#starts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  #start(): void {
    const [file, ...args] = this.#program;
    this.#starts += 1;
    this.#child = spawn(file, args, { env: this.#env, stdio: ['ignore', 'ignore', 'inherit'] });
    this.#child.once('exit', (code) => {
      if (!this.#over && code !== 0) setTimeout(() => this.#over || this.#start(), RESTART_MS);
    });
  }
}
