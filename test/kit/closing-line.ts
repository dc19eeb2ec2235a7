import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export interface TestTally {
  passed: number;
  failed: number;
}

/**
 * Writes the run's tally where `scripts/check.ts` asks for it, else prints the closing line `N passed, N failed`. What passed
 * only when it was run once more is named before it.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    // A file that fails to load has no tests, and must still fail the run.
    const unloaded = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0);
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: 'passed' | 'failed') =>
      tests.filter((test) => test.result().state === state).length;
    const tally: TestTally = {
      passed: count('passed'),
      failed: count('failed') + unloaded.length + errors.length,
    };
    const again = tests.filter((test) => test.result().state === 'passed' && retried(test));
    if (again.length > 0) console.log(`\nPassed only when run once more:\n${again.map(named).join('\n')}`);
    const file = process.env['STOA_TALLY_FILE'];
    if (file === undefined) console.log(`${tally.passed} passed, ${tally.failed} failed`);
    else writeFileSync(file, JSON.stringify(tally));
  }
}

function retried(test: TestCase): boolean {
  return (test.diagnostic()?.retryCount ?? 0) > 0;
}

function named(test: TestCase): string {
  return `  ${test.module.relativeModuleId} > ${test.fullName}: ${test.result().errors?.[0]?.message ?? ''}`;
}

// biome-ignore lint/style/noDefaultExport: vitest loads a custom reporter by its default export
export default ClosingLine;
