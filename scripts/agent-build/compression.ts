import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { BuildError } from './error.ts';

const run = promisify(execFile);
const ENOUGH_OUTPUT = 1 << 20;

/** As releases are stored and sent. @returns bytes of the compressed file. */
export async function compress(from: string, to: string): Promise<number> {
  await zstd(['-19', '-T0', '-q', '-f', from, '-o', to]);
  return (await stat(to)).size;
}

/** What makes `to` of `from`, which whoever decodes it must have. @returns its bytes. */
export async function patch(by: { from: string; to: string; out: string }): Promise<number> {
  await zstd(['-19', '--long=27', '-q', '-f', `--patch-from=${by.from}`, by.to, '-o', by.out]);
  return (await stat(by.out)).size;
}

async function zstd(args: readonly string[]): Promise<void> {
  try {
    await run('zstd', args, { maxBuffer: ENOUGH_OUTPUT });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new BuildError('tool_missing', 'zstd is not installed: sudo apt-get install zstd', { cause });
  }
}
