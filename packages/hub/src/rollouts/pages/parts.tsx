import { number } from '../../console/format.ts';
import type { RolloutState } from '../plan/index.ts';
import type { RingProgress, Rollout } from '../rollout.ts';

const WARNS: ReadonlySet<RolloutState> = new Set(['halted', 'paused']);

export function StateWord({ state }: { state: RolloutState }) {
  return WARNS.has(state) ? <strong class="warn">{state}</strong> : <span>{state}</span>;
}

export function Meter({ done, of }: { done: number; of: number }) {
  return (
    <span class="job-progress">
      <progress value={done} max={Math.max(1, of)} aria-label="Nodes that confirmed">
        {done} of {of}
      </progress>{' '}
      {number(done)} of {number(of)}
    </span>
  );
}

export function sumOf(
  { evidence }: Pick<Rollout, 'evidence'>,
  what: Exclude<keyof RingProgress, 'ring'>,
): number {
  return evidence?.rings.reduce((sum, ring) => sum + ring[what], 0) ?? 0;
}
