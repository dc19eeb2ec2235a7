import type { Clock } from './clock.ts';
import { HubError } from './error.ts';

/** Lets go of what takes longer. */
export function within(ms: number, clock: Clock): (step: Promise<void>) => Promise<void> {
  return async (step) => {
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(ms, () =>
      late.reject(
        new HubError('closing_late', `what was in memory could not be written within ${ms} ms`, {
          retry: false,
        }),
      ),
    );
    await Promise.race([step, late.promise]).finally(cancel);
  };
}
