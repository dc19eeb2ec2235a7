import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { TestHub } from '../../test/kit/hub.ts';

const run = promisify(execFile);
const PATIENCE_MS = 120_000;

interface LogLine {
  readonly time: string;
  readonly event: string;
  readonly state?: string;
  readonly version?: string;
}

/** The binary, installed by hand in a directory of its own and in session with a hub. */
export class OtaNode {
  readonly pid: number;
  readonly #program: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: LogLine[] = [];
  #waiting: (() => void)[] = [];

  private constructor(program: string, env: NodeJS.ProcessEnv) {
    this.#program = program;
    this.#env = env;
    this.#child = spawn(program, ['run'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.pid = this.#child.pid!;
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      if (!line.startsWith('{')) return console.error(line);
      this.#lines.push(JSON.parse(line) as LogLine);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  static async join(binary: string, directory: string, world: TestHub): Promise<OtaNode> {
    const program = join(directory, 'prefix/stoa-agent');
    await mkdir(join(directory, 'prefix'), { recursive: true });
    await mkdir(join(directory, 'data'), { mode: 0o700 });
    await copyFile(binary, program);
    const env = {
      PATH: process.env['PATH'],
      STOA_AGENT_DATA: join(directory, 'data'),
      CHAINWEB_NETWORK: world.network.network.name,
      // Nothing listens there: an update asks nothing of chainweb (F11).
      CHAINWEB_URL: 'http://127.0.0.1:1',
      CHAINWEB_P2P_URL: 'https://127.0.0.1:1',
    };
    const token = join(directory, 'token');
    const made = await world.hub.tokens.create({ owner: 'bench@example.org', createdBy: 'bench' });
    await writeFile(token, made, { mode: 0o600 });
    await run(program, ['enroll', '--token-file', token, '--yes'], { env });
    return new OtaNode(program, env);
  }

  /** Stdout of a command, as JSON. */
  async command(...argv: string[]): Promise<Record<string, unknown>> {
    const { stdout } = await run(this.#program, [...argv, '--json'], { env: this.#env });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** When a line of the log was written, ms since 1970: the first that fits, after the one at `after`. */
  async at(fits: (line: LogLine) => boolean, after = 0): Promise<number> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.#lines.find((line) => Date.parse(line.time) >= after && fits(line));
      if (found !== undefined) return Date.parse(found.time);
      if (Date.now() > deadline)
        throw new Error(`the agent's log says nothing of what was waited for:\n${this.#tail()}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, 1_000)),
      ]);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }

  #tail(): string {
    return this.#lines
      .slice(-20)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }
}
