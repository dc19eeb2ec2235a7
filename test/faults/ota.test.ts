import { expect, it } from 'vitest';
import { OTA_CASES, runOtaCases } from './ota/index.ts';

/** All of them: `pnpm faults ota`. */
it('F13 F14 F15 F35 cut, damaged or failing updates leave a node that runs the old version or the new', async () => {
  const results = await runOtaCases(OTA_CASES.filter(({ quick }) => quick));
  expect(results.filter(({ result }) => result !== 'held')).toEqual([]);
  expect(results.length).toBeGreaterThanOrEqual(5);
});
