import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Seconds on two quiet cores, of the files that take longest. Only their order matters. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/e2e/people.test.ts': 170,
  'test/bootstrap.test.ts': 150,
  'test/console.test.ts': 90,
  'test/faults/way.test.ts': 95,
  'test/start.test.ts': 92,
  'test/simulation.test.ts': 60,
  'test/faults/herd.test.ts': 60,
  'test/faults/kill.test.ts': 60,
  'test/e2e/work.test.ts': 57,
  'test/work/kinds-on-host.test.ts': 55,
  'test/hub-commands.test.ts': 55,
  'test/install.test.ts': 54,
  'test/public-pages.test.ts': 49,
  'test/bootstrap-command.test.ts': 46,
  'test/e2e/stoicism.test.ts': 45,
  'test/faults/outage.test.ts': 43,
  'test/job-queue.test.ts': 40,
  'test/hub-process.test.ts': 40,
  'test/faults/clone.test.ts': 37,
  'test/alerts-in-browser.test.ts': 37,
  'test/receipts-in-browser.test.ts': 30,
  'test/keys-in-browser.test.ts': 30,
  'test/join-wizard.test.ts': 30,
  'test/agent-binary.test.ts': 30,
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
