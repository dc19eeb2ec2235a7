import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for an event that nothing tells of: asks again and again. @throws where it does not come. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = 60_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<void> {
  for (const end = performance.now() + withinMs; !(await holds()); await sleep(everyMs))
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
}
