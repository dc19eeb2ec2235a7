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
/** Answers that wait, each of which may hold its whole word of 160 KiB. */
const MOST_WAITING = 500;

export type Verdict = 'right' | 'wrong';

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

  /** Undefined where too many wait, or no thread could look: then nothing is proven. */
  async check(answer: CheckedWork, lanes: readonly WorkLane[]): Promise<Verdict | undefined> {
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting += 1;
    const stretches = Array.from({ length: STRETCHES }, () => this.#drawn(lanes));
    const done = this.#last.then(() => follow({ ...answer, stretches }, this.#clock));
    // The next one's turn comes whatever became of this one; whoever waits for `done` hears of it.
    const over = () => {
      this.#waiting -= 1;
    };
    this.#last = done.then(over, over);
    return done;
  }

  /** Any step of all lanes alike: a lane of few marks may claim more than all others together. */
  #drawn(lanes: readonly WorkLane[]): Stretch {
    const total = lanes.reduce((sum, { every, marks }) => sum + every * marks.length, 0);
    let at = Number(Buffer.from(this.#random(8)).readBigUInt64BE(0) % BigInt(total));
    const lane = lanes.findIndex(({ every, marks }) => {
      if (at < every * marks.length) return true;
      at -= every * marks.length;
      return false;
    });
    const { marks, every } = lanes[lane]!;
    const mark = Math.floor(at / every);
    return { lane, from: marks[mark - 1], to: marks[mark]!, steps: every };
  }
}

/** Whether each stretch ends where it was said to. It takes as long as the node took, and no longer than a limit. */
function follow(task: Task, clock: Pick<Clock, 'after'>): Promise<Verdict | undefined> {
  // `tsx` may name functions by a helper of this name.
  const code = `const __name = (named) => named;
const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage((${String(walk)})(require('node:crypto'), workerData, (${String(workOf)})));`;
  return new Promise((resolve) => {
    const worker = new Worker(code, { eval: true, workerData: task });
    const cancel = clock.after(MOST_MS, () => {
      // Longer stretches than that are none that it has done in time.
      resolve('wrong');
      void worker.terminate();
    });
    worker.once('message', resolve);
    // What the answer can't be blamed for; 'exit' follows, and settles it.
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => {
      cancel();
      resolve(undefined);
    });
  });
}

/** Handed over as its own text. */
function walk(crypto: typeof import('node:crypto'), task: Task, work: typeof workOf): Verdict {
  const { part, nonce, file, stretches } = task;
  const isRight = ({ lane, from, to, steps }: Stretch): boolean => {
    const { first, step } = work(crypto, { part, nonce, lane, ...(file && { file }) });
    let state = from ?? first;
    try {
      for (let left = steps; left > 0; left -= 1) state = step(state);
    } catch {
      // A mark may be made up so that no step can begin with it: 32 x 0xff is no key of secp256k1.
      return false;
    }
    return Buffer.compare(state, to) === 0;
  };
  return stretches.every(isRight) ? 'right' : 'wrong';
}
