import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export interface TestTally {
  passed: number;
  failed: number;
}

export interface RunTally extends TestTally {
  /** Of the files that have a failed test, or were not made ready for any, by their paths from the root. */
  readonly failing: Readonly<Record<string, TestTally>>;
}

/**
 * Writes the run's tally where `scripts/check.ts` asks for it, else prints the closing line `N passed, N failed`. What passed
 * only when it was run once more is named before it.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const tallies = modules.map((module) => ({ module, tally: tallyOf(module) }));
    const sum = (key: keyof TestTally) => tallies.reduce((total, { tally }) => total + tally[key], 0);
    const failing = tallies.filter(({ tally }) => tally.failed > 0);
    const tally: RunTally = {
      passed: sum('passed'),
      failed: sum('failed') + errors.length,
      failing: Object.fromEntries(failing.map(({ module, tally }) => [module.relativeModuleId, tally])),
    };
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const again = tests.filter((test) => test.result().state === 'passed' && retried(test));
    if (again.length > 0) console.log(`\nPassed only when run once more:\n${again.map(named).join('\n')}`);
    const file = process.env['STOA_TALLY_FILE'];
    if (file === undefined) console.log(`${tally.passed} passed, ${tally.failed} failed`);
    else writeFileSync(file, JSON.stringify(tally));
  }
}

function tallyOf(module: TestModule): TestTally {
  const states = [...module.children.allTests()].map((test) => test.result().state);
  const count = (state: 'passed' | 'failed') => states.filter((each) => each === state).length;
  const failed = count('failed');
  // A file that does not load, or whose preparation fails, has no failed test, and must still fail the run.
  return { passed: count('passed'), failed: failed === 0 && module.state() === 'failed' ? 1 : failed };
}

function retried(test: TestCase): boolean {
  return (test.diagnostic()?.retryCount ?? 0) > 0;
}

function named(test: TestCase): string {
  return `  ${test.module.relativeModuleId} > ${test.fullName}: ${test.result().errors?.[0]?.message ?? ''}`;
}

// biome-ignore lint/style/noDefaultExport: vitest loads a custom reporter by its default export
export default ClosingLine;
