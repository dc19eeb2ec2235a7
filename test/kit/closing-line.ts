import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface TestTally {
  passed: number;
  failed: number;
}

/** Writes the run's tally where `scripts/check.ts` asks for it, else prints the closing line `N passed, N failed`. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const tally: TestTally = { passed: 0, failed: errors.length };
    for (const module of modules) {
      // A file that fails to load has no tests, and must still fail the run.
      if (module.state() === 'failed' && module.errors().length > 0) tally.failed += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed') tally.passed += 1;
        if (state === 'failed') tally.failed += 1;
      }
    }
    const file = process.env['STOA_TALLY_FILE'];
    if (file === undefined) console.log(`${tally.passed} passed, ${tally.failed} failed`);
    else writeFileSync(file, JSON.stringify(tally));
  }
}

// biome-ignore lint/style/noDefaultExport: vitest loads a custom reporter by its default export
export default ClosingLine;
