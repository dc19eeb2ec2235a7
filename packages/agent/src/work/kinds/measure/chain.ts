import {
  MAX_LANES,
  MAX_MARKS,
  WORK_UNITS,
  type WorkLane,
  type WorkPart,
  type WorkStart,
  workOf,
} from '@stoa/protocol/stoicism';
import { onThread } from '#work/kinds/measure/worker.ts';

interface Run extends WorkStart {
  readonly seconds: number;
  /** An even number. */
  readonly mostMarks: number;
}

interface Ran extends WorkLane {
  readonly seconds: number;
}

/** Until the time is over, at a mark. Whenever there would be too many, every second one goes. */
function runChain(require: NodeJS.Require, run: Run, work: typeof workOf): Ran {
  const { first, step } = work(require('node:crypto') as typeof import('node:crypto'), run);
  let [state, marks, every]: [Uint8Array, Uint8Array[], number] = [first, [], 1];
  const started = performance.now();
  while (marks.length === 0 || performance.now() - started < run.seconds * 1000) {
    for (let left = every; left > 0; left -= 1) state = step(state);
    marks.push(new Uint8Array(state));
    if (marks.length < run.mostMarks) continue;
    marks = marks.filter((_, index) => index % 2 === 1);
    every *= 2;
  }
  return { every, marks, seconds: (performance.now() - started) / 1000 };
}

export interface Chains {
  readonly lanes: WorkLane[];
  /** In the unit of the part. */
  readonly figure: number;
}

/** Works from a nonce of the hub's on, on so many threads at once. */
export async function measureChains(
  { part, nonce }: { part: Exclude<WorkPart, 'randomRead'>; nonce: Uint8Array },
  { seconds, threads }: { seconds: number; threads: number },
  signal: AbortSignal,
): Promise<Chains> {
  const count = Math.min(threads, MAX_LANES);
  const mostMarks = Math.max(2, Math.min(256, 2 * Math.floor(MAX_MARKS / count / 2)));
  const ran = await Promise.all(
    Array.from({ length: count }, (_, lane) =>
      onThread(runChain, { part, nonce, lane, seconds, mostMarks }, { tool: workOf, signal }),
    ),
  );
  const perSecond = ran.reduce(
    (sum, { every, marks, seconds: took }) => sum + (every * marks.length) / took,
    0,
  );
  return {
    lanes: ran.map(({ every, marks }) => ({ every, marks })),
    figure: (perSecond * WORK_UNITS[part]) / 1_000,
  };
}
