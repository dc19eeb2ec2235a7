import type { Goal } from '#update/goal.ts';

export const HOUR = 3_600_000;

export function goal(over: Partial<Goal> = {}): Goal {
  return {
    id: 'aa'.repeat(16),
    by: 'hub',
    act: 'install',
    kind: 'payload',
    version: '1.1.0',
    targetsVersion: 2,
    targetsSha256: 'cd'.repeat(32),
    notBefore: 0,
    deadline: 40 * 24 * HOUR,
    mirrors: [],
    now: false,
    ...over,
  };
}
