// Runs on whatever Node >= 20 the machine has: brings pnpm and the pinned packages (Node 24 among them), then hands
// over to Node 24. Plain JavaScript, since nothing that could run TypeScript is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const TARGETS = { start: 'scripts/start.ts', test: 'scripts/check.ts' };

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [target, ...args] = process.argv.slice(2);
const script = TARGETS[target];
if (script === undefined)
  fail(`unknown target '${target}': expected one of ${Object.keys(TARGETS).join(', ')}`);
if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
  fail(`Stoa Hub runs on Linux x64 and arm64; this is ${process.platform} ${process.arch}.`);
if (!process.report.getReport().header.glibcVersionRuntime)
  fail('Stoa Hub needs glibc (Debian, Ubuntu, Fedora, …); this system has another C library.');

install();
run(join(root, `node_modules/node-linux-${process.arch}/bin/node`), [
  '--import',
  'tsx',
  join(root, script),
  ...args,
]);

/** Skipped when the lockfile is the one that the last completed install saw. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex');
  const mark = join(root, 'node_modules/.installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  console.log('Installing the pinned packages (first run, or the lockfile changed) …');
  const { status } = spawnSync('npx', ['-y', PNPM, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CI: 'true' },
  });
  if (status !== 0)
    fail(`'npx ${PNPM} install --frozen-lockfile' failed (exit ${status}): see its output above.`);
  writeFileSync(mark, lock);
}

function run(node, argv) {
  const child = spawn(node, argv, {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${join(root, 'node_modules/.bin')}:${dirname(node)}:${process.env.PATH}`,
      // Programs run from their sources: what was compiled once needs no compiling at the next start.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules/.cache/node'),
      TSX_TSCONFIG_PATH: join(root, 'packages/hub/tsconfig.json'),
    },
  });
  // A terminal's SIGINT reaches the whole group by itself; a second one from here would cut the drain short.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
