import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Within reach of the hub's libraries. */
const CACHE = join(ROOT, 'packages/hub/node_modules/.cache/program');
/** All that the program is made of. */
const SOURCES = [
  'packages/{hub,protocol,signer}/{package.json,src/**/*}',
  'packages/hub/migrations/**/*',
  'scripts/bundle.ts',
  'pnpm-lock.yaml',
];
const BUNDLE = `import('./scripts/bundle.ts').then(async ({ bundleModule, placeHubFiles }) => {
  const directory = process.argv[1];
  await placeHubFiles(directory);
  await bundleModule('packages/hub/src/main.ts', directory + '/stoa-hub.mjs');
})`;

let program: Promise<string> | undefined;

/**
 * The hub as production has it: from its sources each process takes 4 s of CPU more to start. Kept by what it was made
 * of, so that all files of a run share one. @returns the path that Node runs
 */
export function hubProgram(): Promise<string> {
  program ??= bundled();
  return program;
}

async function bundled(): Promise<string> {
  const directory = join(CACHE, await hashOfSources());
  const file = join(directory, 'stoa-hub.mjs');
  if (await exists(file)) return file;
  const making = join(CACHE, `making-${randomUUID()}`);
  await mkdir(making, { recursive: true });
  await promisify(execFile)(process.execPath, ['-e', BUNDLE, making], { cwd: ROOT });
  try {
    await rename(making, directory);
  } catch (cause) {
    // Another worker may have been first.
    if (!(await exists(file))) throw cause;
    await rm(making, { recursive: true });
  }
  return file;
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const entries = globSync(SOURCES, { cwd: ROOT, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of entries.map(({ parentPath, name }) => join(parentPath, name)).toSorted())
    hash.update(path).update(await readFile(path));
  return hash.digest('hex').slice(0, 16);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
