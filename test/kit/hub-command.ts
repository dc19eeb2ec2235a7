import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BUNDLE =
  "import('./scripts/bundle.ts').then(({ bundleModule }) => bundleModule(process.argv[1], process.argv[2]))";

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The last line of the output, as JSON. */
  json(): Record<string, unknown>;
}

/** The hub as production has it, made once for the commands of a test file: from sources each of them takes 4 s of CPU. */
let bundle: Promise<string> | undefined;

async function bundleHub(): Promise<string> {
  // Within reach of the hub's libraries.
  const directory = join(ROOT, 'packages/hub/node_modules/.cache/stoa-command', String(process.pid));
  await cp(join(ROOT, 'packages/hub/migrations'), join(directory, 'migrations'), { recursive: true });
  await cp(join(ROOT, 'packages/hub/src/joining/static'), join(directory, 'static'), { recursive: true });
  const outfile = join(directory, 'stoa-hub.mjs');
  await promisify(execFile)(process.execPath, ['-e', BUNDLE, 'packages/hub/src/main.ts', outfile], {
    cwd: ROOT,
  });
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return outfile;
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
  bundle ??= bundleHub();
  const child = spawn(process.execPath, [await bundle, ...words], {
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
