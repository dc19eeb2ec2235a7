import {
  type CryptoSuite,
  decodeExact,
  encode,
  equalBytes,
  open,
  ProtocolError,
  peek,
  type Random,
  toHex,
} from '@stoa/protocol';
import {
  isWorkPart,
  NO_ANSWER,
  WORK_WORD_BYTES,
  WORK_WORD_PATH,
  type WorkClaim,
  type WorkLane,
  type WorkPart,
  workAnswer,
  workClaimKind,
  workNonce,
  workWord,
} from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { WorkCheck } from './work-check.ts';
import type { WorkName, WorkStore } from './work-store.ts';

export interface WorkDeskDeps {
  readonly store: WorkStore;
  readonly check: WorkCheck;
  readonly crypto: CryptoSuite;
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Gives nonces to benchmarks that run and takes what comes of them: between the two lies the time that the work took by the
 * hub's clock. Any instance answers; what it needs is in the database.
 */
export class WorkDesk {
  readonly #deps: WorkDeskDeps;

  constructor(deps: WorkDeskDeps) {
    this.#deps = deps;
  }

  /**
   * @param body `workWord`.
   * @returns the nonce.
   * @throws {HttpError} `not_found` unless the node that asks runs such a benchmark; `bad_work`.
   */
  async take(body: Uint8Array): Promise<Uint8Array> {
    // Before anything else takes time: the node's work ended when this came.
    const now = this.#deps.clock.now();
    const { sealed, lanes } = readable(() => decodeExact(workWord, body)) ?? missing();
    const { store, random } = this.#deps;
    const { name, claim } = await this.#verified(sealed, now);
    if (equalBytes(claim.answer, NO_ANSWER)) return store.nonce(name, random(32), now);
    const nonce = (await store.find(name)) ?? missing();
    if (!equalBytes(workAnswer(lanes, this.#deps.crypto.hash), claim.answer))
      throw badWork('The answer is another than the one that was signed.');
    const steps = stepsOf(name.part, lanes);
    if (await store.answered(name, { steps, sealed, now })) await this.#judge(name, nonce, lanes);
    return nonce;
  }

  async #judge(name: WorkName, nonce: Uint8Array, lanes: readonly WorkLane[]): Promise<void> {
    const { store, check } = this.#deps;
    const verdict = await check.check({ part: name.part, nonce }, lanes);
    if (verdict !== undefined) await store.judge(name, verdict);
  }

  async #verified(
    sealed: Uint8Array,
    now: number,
  ): Promise<{ readonly name: WorkName; readonly claim: WorkClaim }> {
    const { store, crypto } = this.#deps;
    const { nodeId, jobId, attempt, part } = readable(() => peek(workClaimKind, sealed)) ?? missing();
    if (!isWorkPart(part)) throw badWork(`'${part}' is no part of a benchmark.`);
    const run = { nodeId: toHex(nodeId), jobId: toHex(jobId), attempt };
    for (const key of await store.keysOf(run, now)) {
      const claim = readable(() => open(workClaimKind, sealed, crypto, key));
      if (claim !== undefined) return { name: { jobId: run.jobId, attempt, part }, claim };
    }
    return missing();
  }
}

/** What nodes say while they are measured. */
export function workRoutes(desk: WorkDesk): HttpFeature {
  return {
    bodyLimits: { [WORK_WORD_PATH]: WORK_WORD_BYTES },
    mount(app) {
      app.post(WORK_WORD_PATH, async (c) => {
        const nonce = await desk.take(new Uint8Array(await c.req.arrayBuffer()));
        return c.body(new Uint8Array(encode(workNonce, { nonce })), 200, {
          'content-type': 'application/octet-stream',
          'cache-control': 'no-store',
        });
      });
    },
  };
}

/** Each lane has done something, and no more than can be counted; what is measured on one thread has one. */
function stepsOf(part: WorkPart, lanes: readonly WorkLane[]): number {
  if (part !== 'cpuMulti' && lanes.length !== 1)
    throw badWork(`'${part}' is measured on one thread, and the answer has ${lanes.length} lanes.`);
  const steps = lanes.reduce((sum, { every, marks }) => sum + every * marks.length, 0);
  if (lanes.some(({ every, marks }) => every === 0 || marks.length === 0) || !Number.isSafeInteger(steps))
    throw badWork('A lane of the answer has no steps.');
  return steps;
}

function missing(): never {
  throw notFound('This benchmark');
}

function badWork(message: string): HttpError {
  return new HttpError(422, 'bad_work', message, { fix: 'Run the benchmark again.' });
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
