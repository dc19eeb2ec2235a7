import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The real launcher, which waits for seconds where it waits for minutes. */
const LAUNCHER = `
  import { runLauncher } from './packages/agent/src/launcher/launcher-program.ts';
  const limits = { trialBoots: 3, provenBoots: 6, silentMs: Number(process.env.SILENT_MS), upMs: 60_000 };
  const watch = { beatMs: 100, silentMs: 2000 };
  runLauncher({ env: process.env, limits, watch }).then(
    (code) => process.exit(code),
    (error) => { process.stderr.write(String(error?.stack ?? error) + '\\n'); process.exit(1); },
  );
`;

/** One call of the real store, as an agent or the privileged unit makes it. Prints what came of it as JSON. */
const INSTALLER = `
  import { readFileSync, statSync } from 'node:fs';
  import { openSlotStore, readPlainFile } from './packages/agent/src/launcher/direct-installer.ts';
  const [prefix, verb, ...args] = process.argv.slice(2);
  const embeddedRoot = readFileSync(prefix + '/root.json');
  const programInode = statSync(prefix + '/stoa-agent').ino;
  const store = openSlotStore({ prefix, embeddedRoot, programInode });
  const act = async () => {
    if (verb !== 'stage') return store[verb](...args);
    const [path, targets, file, ...roots] = args;
    return store.stage({ path, targets: readFileSync(targets), roots: roots.map((root) => readFileSync(root)), bytes: readPlainFile(file) });
  };
  act().then(
    (result) => { process.stdout.write(JSON.stringify({ result })); process.exit(0); },
    (error) => { process.stdout.write(JSON.stringify({ code: error.code, message: error.message })); process.exit(1); },
  );
`;

export interface Programs {
  readonly launcher: string;
  readonly installer: string;
}

/** Bundled once for all cases. */
export async function buildPrograms(directory: string): Promise<Programs> {
  mkdirSync(directory, { recursive: true });
  const [launcher, installer] = [join(directory, 'launcher.cjs'), join(directory, 'installer.cjs')];
  await Promise.all([bundle(LAUNCHER, launcher), bundle(INSTALLER, installer)]);
  return { launcher, installer };
}

async function bundle(contents: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    supported: { 'dynamic-import': false },
    logLevel: 'silent',
  });
}
