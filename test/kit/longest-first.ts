import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Seconds on two quiet cores, of the files that take longest. Only their order matters. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/e2e/people.test.ts': 170,
  'test/bootstrap.test.ts': 150,
  'test/console.test.ts': 90,
  'test/faults/way.test.ts': 95,
  'test/start.test.ts': 92,
  'test/simulation.test.ts': 80,
  'test/faults/herd.test.ts': 80,
  'test/hub-process.test.ts': 40,
  'test/work/kinds-on-host.test.ts': 45,
  'test/hub-commands.test.ts': 45,
  'test/faults/kill.test.ts': 60,
  'test/faults/machine.test.ts': 50,
  'test/install.test.ts': 50,
};

/**
 * What takes longest starts first, across projects: a long file that starts last keeps one core waiting. A fresh clone
 * has no durations of an earlier run, by which vitest would order the files.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const root = this.ctx.config.root;
    const seconds = ({ moduleId }: TestSpecification) => SECONDS[moduleId.slice(root.length + 1)] ?? 0;
    return (await super.sort(files)).toSorted((a, b) => seconds(b) - seconds(a));
  }
}
