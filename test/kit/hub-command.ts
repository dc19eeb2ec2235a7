import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { hubProgram } from './hub-program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The last line of the output, as JSON. */
  json(): Record<string, unknown>;
}

/** `stoa-hub …` as a process without a terminal. */
export function hubCommand(
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<CommandResult> {
  return hubCommandFed(env, '', ...words);
}

/** @param input what it reads from its standard input. */
export async function hubCommandFed(
  env: Readonly<Record<string, string>>,
  input: string,
  ...words: readonly string[]
): Promise<CommandResult> {
  const child = spawn(process.execPath, [await hubProgram(), ...words], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Most commands end without having read it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err, json: () => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') };
}
