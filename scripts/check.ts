/** `npm test`: format, lint, types, architecture, unit and flow tests; ends with the line `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestTally } from '../test/kit/closing-line.ts';
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

function tests(filters: string[]): void {
  console.log('\n── tests: vitest run');
  const dir = mkdtempSync(join(tmpdir(), 'stoa-check-'));
  const file = join(dir, 'tally.json');
  try {
    // Those that take minutes are left to `pnpm faults --long`.
    const { status } = spawnSync('vitest', ['run', '--tagsFilter=!slow', ...filters], {
      stdio: 'inherit',
      env: { ...process.env, STOA_TALLY_FILE: file },
    });
    const counted = JSON.parse(readFileSync(file, 'utf8')) as TestTally;
    tally.passed += counted.passed;
    tally.failed += counted.failed;
    if (status !== 0 && counted.failed === 0) tally.failed += 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

ensureSystemPackages();
const filters = process.argv.slice(2);
if (filters.length === 0) for (const { name, command, args } of CHECKS) check(name, command, args);
tests(filters);
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
