import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface ScriptEnd {
  readonly code: number | null;
  /** What it printed, on both streams. */
  readonly said: string;
}

/** Runs a script that is handed over on standard input, as `curl … | sh -s -- …` does, or lies in a file. */
export async function runScript(
  shell: readonly string[],
  by: { script?: string; args?: readonly string[]; stdin?: string; env?: Readonly<Record<string, string>> },
): Promise<ScriptEnd> {
  const [program, ...first] = shell;
  const piped = by.script !== undefined ? ['-s', '--'] : [];
  const child = spawn(program!, [...first, ...piped, ...(by.args ?? [])], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...by.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A script that ends early leaves the rest unread.
  child.stdin.on('error', () => undefined);
  child.stdin.end(by.script ?? by.stdin ?? '');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, said: out + err };
}

/** Every path below a directory with its kind, time and target: what must not differ where nothing was done. */
export async function treeOf(directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const entries = await readdir(directory, { recursive: true });
  const described = entries.map(async (entry) => {
    const path = join(directory, entry);
    const { mode, size, mtimeMs } = await lstat(path);
    const target = await readlink(path).catch(() => '');
    return `${entry} ${mode.toString(8)} ${size} ${mtimeMs} ${target}`;
  });
  return (await Promise.all(described)).sort();
}
