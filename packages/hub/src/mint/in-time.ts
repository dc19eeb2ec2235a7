import type { Clock } from '../clock.ts';

/** After as many as are needed. Several questions of a tick, each so much longer, are less than a lease. */
const LATE_MS = 2_000;

/**
 * Waits for all answers, but once so many have come not much longer for the rest: one node that hangs would make every question take
 * until its time is over, and whoever leads lose the lease before anything is written.
 * @param by.after without it all are waited for.
 * @returns undefined in place of those that are late.
 */
export function inTime<T>(
  asked: readonly Promise<T>[],
  { needed, after }: { readonly needed: number; readonly after: Clock['after'] | undefined },
): Promise<readonly (PromiseSettledResult<T> | undefined)[]> {
  const come: (PromiseSettledResult<T> | undefined)[] = asked.map(() => undefined);
  let cancel: (() => void) | undefined;
  return new Promise((resolve) => {
    const end = (): void => {
      cancel?.();
      resolve([...come]);
    };
    const take = (result: PromiseSettledResult<T>, index: number): void => {
      come[index] = result;
      if (!come.includes(undefined)) end();
      else if (come.filter((one) => one?.status === 'fulfilled').length === needed && cancel === undefined)
        cancel = after?.(LATE_MS, end);
    };
    for (const [index, one] of asked.entries())
      void one.then(
        (value) => take({ status: 'fulfilled', value }, index),
        (reason: unknown) => take({ status: 'rejected', reason }, index),
      );
  });
}
