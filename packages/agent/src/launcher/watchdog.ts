import { Worker } from 'node:worker_threads';
import type { LastEnd } from '#launcher/start.ts';

export interface WatchLimits {
  /** Between two looks, ms. */
  readonly lookMs: number;
  /** Looks in a row without a sign of the main thread. */
  readonly looks: number;
}

/** A minute in which the thread itself got to run, so a machine that stood still counts as nothing. */
export const WATCH: WatchLimits = { lookMs: 5_000, looks: 12 };

/** A thread of its own, since the one it watches may do nothing else any more. Its text is all it is given. */
const LOOKS = `
const { workerData: { beats, end, endFile, looks, lookMs } } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
const never = new Int32Array(new SharedArrayBuffer(4));
for (let last = -1, missed = 0; missed < looks; ) {
  Atomics.wait(never, 0, 0, lookMs);
  const now = Atomics.load(beats, 0);
  missed = now === last ? missed + 1 : 0;
  last = now;
}
try { writeFileSync(endFile, end, { mode: 0o600, flag: 'wx' }); } catch {}
process.kill(process.pid, 'SIGKILL');
`;

/** Kills the process once its main thread has done nothing else for too long: no exit handler could run in it. */
export function watchMainThread(by: { slot: string; endFile: string; limits: WatchLimits }): void {
  const { lookMs, looks } = by.limits;
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const end: LastEnd = {
    slot: by.slot,
    reason: 'spun',
    detail: `its main thread did nothing else for ${(lookMs * looks) / 1000} s, and was killed`,
  };
  setInterval(() => Atomics.add(beats, 0, 1), lookMs).unref();
  new Worker(LOOKS, {
    eval: true,
    workerData: { beats, end: JSON.stringify(end), endFile: by.endFile, looks, lookMs },
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  }).unref();
}
