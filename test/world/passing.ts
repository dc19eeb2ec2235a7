import type { VirtualClock } from '@stoa/agent';

/** Lets virtual time pass until the work is done, and settles as the work does. */
export async function passing<T>(clock: VirtualClock, stepMs: number, work: PromiseLike<T>): Promise<T> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  work.then(end, end);
  while (!done) await clock.advance(stepMs);
  return work;
}
