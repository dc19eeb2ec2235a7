import type { Bus } from '../../bus.ts';
import type { Clock } from '../../clock.ts';
import { type LiveSource, partial } from '../../console/live.ts';
import { isAtLeast } from '../../viewer.ts';
import type { RolloutReader } from '../reader.ts';
import { ROLLOUT_HEAD, RolloutHead } from './rollout-page.tsx';

/** What another instance moved is looked up again after so long. */
const RELOAD_MS = 5_000;

/** `rollout` by its id: rings, gate and reason as they move. */
export function rolloutSource(by: {
  reader: RolloutReader;
  bus: Bus;
  clock: Pick<Clock, 'now'>;
}): LiveSource {
  const { reader, bus, clock } = by;
  const moved = new Set<string>();
  let roundAt = 0;
  bus.subscribe('rollouts', ({ ids }) => {
    for (const id of ids) moved.add(id);
  });
  return {
    name: 'rollout',
    admit: (viewer, asked) =>
      isAtLeast(viewer, 'ancient') ? asked.filter((id) => /^[0-9a-f-]{36}$/.test(id)) : [],
    async changes(watched, wanted) {
      const now = clock.now();
      const round = now - roundAt >= RELOAD_MS;
      if (round) roundAt = now;
      const due = [...watched].filter((id) => round || wanted.has(id) || moved.has(id));
      moved.clear();
      if (due.length === 0) return new Map();
      const pauseAll = await reader.pauseAll();
      const heads = await Promise.all(
        due.map(async (id): Promise<[string, string][]> => {
          const rollout = await reader.find(id);
          if (rollout === undefined) return [];
          const head = String(<RolloutHead rollout={rollout} pauseAll={pauseAll} now={now} />);
          return [[id, partial(ROLLOUT_HEAD, head)]];
        }),
      );
      return new Map(heads.flat());
    },
  };
}
