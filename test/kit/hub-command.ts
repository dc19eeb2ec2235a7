import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The last line of the output, as JSON. */
  json(): Record<string, unknown>;
}

/** `stoa-hub …` as a process without a terminal. */
export async function hubCommand(
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<CommandResult> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'packages/hub/src/main.ts'), ...words],
    {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        TSX_TSCONFIG_PATH: join(ROOT, 'packages/hub/tsconfig.json'),
        LOG_LEVEL: 'warn',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err, json: () => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') };
}
