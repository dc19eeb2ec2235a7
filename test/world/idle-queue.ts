import type { JobQueue } from '@stoa/hub/seams/job-queue/index';

/** Of a world in virtual time, where nothing goes over SSH: a real queue looks at the wall clock. */
export function idleQueue(): JobQueue {
  const close = () => Promise.resolve();
  return {
    backEnd: 'pg-boss',
    enqueue: () => Promise.reject(new Error('nothing is queued in virtual time')),
    claim: () => Promise.resolve([]),
    heartbeat: () => Promise.resolve(false),
    complete: () => Promise.resolve(false),
    fail: () => Promise.resolve(false),
    dead: () => Promise.resolve([]),
    discard: () => Promise.resolve(false),
    close,
    [Symbol.asyncDispose]: close,
  };
}
