import type { Random } from '@stoa/protocol';
import { expect } from 'vitest';
import type { CliContext } from '#cli/context.ts';
import { runCli } from '#cli/program.ts';
import { MemoryDisk } from '#memory-disk.fixture.ts';
import { START, seededRandom } from '#region.fixture.ts';

/** Commands of the signer over a disk in memory. */
export class Terminal {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly clock: { at: number; now(): number } = { at: START, now: () => this.clock.at };
  readonly random: Random;
  answers: string[] | undefined;
  stdin = '';
  #printed = '';
  #out = '';

  /** @param seed of its randomness: machines with keys of their own take seeds of their own */
  constructor(seed = 'cli') {
    this.random = seededRandom(seed);
  }

  /** What one command printed, and its exit code. */
  async run(...args: string[]): Promise<{ code: number; text: string }> {
    this.#printed = '';
    this.#out = '';
    const print = (text: string): void => {
      this.#printed += text;
    };
    const { answers } = this;
    const context: CliContext = {
      clock: this.clock,
      random: this.random,
      disk: this.disk,
      signal: AbortSignal.abort(),
      io: {
        out: (text) => {
          this.#out += text;
          print(text);
        },
        err: print,
        readStdin: async () => this.stdin,
        stdinEnd: async () => undefined,
        ask: answers && (async () => answers.shift() ?? ''),
      },
    };
    const code = await runCli(args, context);
    return { code, text: this.#printed };
  }

  /** What a command that succeeds gives to programs. */
  async json(...args: string[]): Promise<Record<string, unknown>> {
    const { code, text } = await this.run(...args, '--json');
    expect(code, text).toBe(0);
    return JSON.parse(this.#out) as Record<string, unknown>;
  }
}

const ROOT = ['--dir', '/root', '--key-file', '/unlock'];
const EU = ['--dir', '/eu', '--key-file', '/unlock'];

/** A root and a region that it certified. */
export async function ceremony(terminal: Terminal = new Terminal()): Promise<Terminal> {
  await terminal.json('root', 'init', ...ROOT);
  const { request } = await terminal.json('region', 'init', ...EU, '--region', 'eu');
  const issue = ['--root', '/root', '--key-file', '/unlock', '--request', String(request), '--out', '/certs'];
  await terminal.json('region', 'issue', ...issue);
  await terminal.json('region', 'install', ...EU, '--certificates', '/certs');
  return terminal;
}
