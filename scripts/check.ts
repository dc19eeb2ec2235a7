/** `npm test`: format, lint, types, architecture, unit and flow tests; ends with the line `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunTally, TestTally } from '../test/kit/closing-line.ts';
import { ensureSystemPackages } from './system-packages.ts';

const CHECKS: ReadonlyArray<{ name: string; command: string; args: string[] }> = [
  { name: 'format and lint', command: 'biome', args: ['ci', '.'] },
  { name: 'promises and switches', command: 'oxlint', args: ['--type-aware'] },
  { name: 'types', command: 'tsc', args: ['-b', '--force'] },
];

const tally: TestTally = { passed: 0, failed: 0 };

function check(name: string, command: string, args: string[]): void {
  console.log(`\n── ${name}: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) console.error(`${command} did not start: ${error.message}`);
  if (status === 0) tally.passed += 1;
  else tally.failed += 1;
}

/** More files than these that fail at once are no noise of the machine: they are not run again. */
const NOISE = 8;

function tests(filters: string[]): void {
  console.log('\n── tests: vitest run');
  const first = vitest(filters);
  const failing = Object.keys(first.failing);
  const again = failing.length === 0 || failing.length > NOISE ? undefined : alone(failing);
  const counts = again === undefined ? [first] : [without(first, first.failing), again];
  for (const { passed, failed } of counts) {
    tally.passed += passed;
    tally.failed += failed;
  }
}

/**
 * What failed beside everything else, in new processes and one file at a time: a test whose servers and state were lost to a
 * machine that stood still can't be mended by running it again in the same file. What fails twice has failed.
 */
function alone(files: string[]): RunTally {
  console.log(
    `\n── failed, and run once more by themselves:\n${files.map((file) => `  ${file}`).join('\n')}`,
  );
  return vitest(['--maxWorkers=1', ...files]);
}

function vitest(args: string[]): RunTally {
  const dir = mkdtempSync(join(tmpdir(), 'stoa-check-'));
  const file = join(dir, 'tally.json');
  try {
    // Those that take minutes are left to `pnpm faults --long`.
    const { status } = spawnSync('vitest', ['run', '--tagsFilter=!slow', ...args], {
      stdio: 'inherit',
      env: { ...process.env, STOA_TALLY_FILE: file },
    });
    const counted = JSON.parse(readFileSync(file, 'utf8')) as RunTally;
    return status !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function without(all: TestTally, files: Readonly<Record<string, TestTally>>): TestTally {
  const parts = Object.values(files);
  return {
    passed: parts.reduce((left, { passed }) => left - passed, all.passed),
    failed: parts.reduce((left, { failed }) => left - failed, all.failed),
  };
}

ensureSystemPackages();
const filters = process.argv.slice(2);
if (filters.length === 0) for (const { name, command, args } of CHECKS) check(name, command, args);
tests(filters);
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
