import { Worker } from 'node:worker_threads';
import type { Random } from '@stoa/protocol';
import { type DriveFile, type WorkLane, type WorkPart, workOf } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';

/** One stretch of an answer: from one mark to the next. */
interface Stretch {
  readonly lane: number;
  /** Undefined: from the beginning. */
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array;
  readonly steps: number;
}

export interface CheckedWork {
  readonly part: WorkPart;
  readonly nonce: Uint8Array;
  /** Of the drive. */
  readonly file?: DriveFile | undefined;
}

interface Task extends CheckedWork {
  readonly stretches: readonly Stretch[];
}

/** Of each answer. Who leaves out a share of the work is found with every one of them by that share. */
const STRETCHES = 3;
/** Of one answer: an honest stretch is a hundredth of a few seconds. */
const MOST_MS = 5_000;
/** Answers that wait: more are believed by the clock alone. */
const MOST_WAITING = 32;

/** Does stretches of answers again, one answer at a time, beside the event loop. */
export class WorkCheck {
  readonly #random: Random;
  readonly #clock: Pick<Clock, 'after'>;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(by: { random: Random; clock: Pick<Clock, 'after'> }) {
    this.#random = by.random;
    this.#clock = by.clock;
  }

  /** Undefined where too many wait. */
  async check(answer: CheckedWork, lanes: readonly WorkLane[]): Promise<'right' | 'wrong' | undefined> {
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting += 1;
    const stretches = Array.from({ length: STRETCHES }, () => this.#drawn(lanes));
    const done = this.#last.then(() => follow({ ...answer, stretches }, this.#clock));
    this.#last = done.finally(() => {
      this.#waiting -= 1;
    });
    return (await done) ? 'right' : 'wrong';
  }

  /** Any of all lanes alike. */
  #drawn(lanes: readonly WorkLane[]): Stretch {
    const total = lanes.reduce((sum, { marks }) => sum + marks.length, 0);
    let at = Buffer.from(this.#random(4)).readUInt32BE(0) % total;
    const lane = lanes.findIndex(({ marks }) => {
      if (at < marks.length) return true;
      at -= marks.length;
      return false;
    });
    const { marks, every } = lanes[lane]!;
    return { lane, from: marks[at - 1], to: marks[at]!, steps: every };
  }
}

/** Whether each stretch ends where it was said to. It takes as long as the node took, and no longer than a limit. */
function follow(task: Task, clock: Pick<Clock, 'after'>): Promise<boolean> {
  // `tsx` may name functions by a helper of this name.
  const code = `const __name = (named) => named;
const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage((${String(walk)})(require('node:crypto'), workerData, (${String(workOf)})));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: task });
    const cancel = clock.after(MOST_MS, () => {
      // Longer stretches than that are none that it has done in time.
      resolve(false);
      void worker.terminate();
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', cancel);
  });
}

/** Handed over as its own text. */
function walk(crypto: typeof import('node:crypto'), task: Task, work: typeof workOf): boolean {
  const { part, nonce, file, stretches } = task;
  return stretches.every(({ lane, from, to, steps }) => {
    const { first, step } = work(crypto, { part, nonce, lane, ...(file && { file }) });
    let state = from ?? first;
    for (let left = steps; left > 0; left -= 1) state = step(state);
    return Buffer.compare(state, to) === 0;
  });
}
