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
  CONTENT_PART,
  type DriveFile,
  isWorkPart,
  MAX_LANES,
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
import type { HttpFeature } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { WorkCheck } from './work-check.ts';
import type { WorkName, WorkStore } from './work-store.ts';

export interface WorkDeskDeps {
  readonly store: WorkStore;
  readonly check: WorkCheck;
  readonly crypto: CryptoSuite;
  readonly random: Random;
}

/**
 * Gives nonces to benchmarks that run and takes what comes of them: between the two lies the time that the work took by the
 * clock of the database, whichever instances answer.
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
    const now = await this.#deps.store.now();
    const { sealed, lanes } = readable(() => decodeExact(workWord, body)) ?? missing();
    const { store, random } = this.#deps;
    const { name, claim } = await this.#verified(sealed, now);
    if (equalBytes(claim.answer, NO_ANSWER)) return store.nonce(name, random(32), now);
    const { part } = name;
    const nonce = (await store.find(name)) ?? missing();
    if (part === CONTENT_PART) throw badWork('Nothing is answered to the nonce of a content.');
    if (!equalBytes(workAnswer(lanes, this.#deps.crypto.hash), claim.answer))
      throw badWork('The answer is another than the one that was signed.');
    const steps = stepsOf(part, lanes);
    const file = part === 'randomRead' ? await this.#file(name, claim) : undefined;
    if (!(await store.answered(name, { steps, sealed, now }))) return nonce;
    const verdict = await this.#deps.check.check({ part, nonce, file }, lanes);
    if (verdict !== undefined) await store.judge(name, verdict);
    return nonce;
  }

  /** @throws {HttpError} `not_found` where nobody asked what to fill it with. */
  async #file(name: WorkName, { blocks }: WorkClaim): Promise<DriveFile> {
    if (blocks === 0) throw badWork('The file has no blocks.');
    return { nonce: (await this.#deps.store.find({ ...name, part: CONTENT_PART })) ?? missing(), blocks };
  }

  async #verified(
    sealed: Uint8Array,
    now: number,
  ): Promise<{ readonly name: WorkName; readonly claim: WorkClaim }> {
    const { store, crypto } = this.#deps;
    const { nodeId, jobId, attempt, part } = readable(() => peek(workClaimKind, sealed)) ?? missing();
    if (!isWorkPart(part) && part !== CONTENT_PART) throw badWork(`'${part}' is no part of a benchmark.`);
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

/** At once: more of them would seem to be one that is faster. */
const MOST_LANES: Partial<Record<WorkPart, number>> = { cpuMulti: MAX_LANES, randomRead: 4 };

/** Each lane has done something, and no more than can be counted. */
function stepsOf(part: WorkPart, lanes: readonly WorkLane[]): number {
  const most = MOST_LANES[part] ?? 1;
  if (lanes.length === 0 || lanes.length > most)
    throw badWork(`The answer has ${lanes.length} lanes, and '${part}' is measured in ${most} at most.`);
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
