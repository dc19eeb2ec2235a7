import { decodeExact, encode, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type CONTENT_PART,
  NO_ANSWER,
  WORK_WORD_PATH,
  type WorkLane,
  type WorkPart,
  workAnswer,
  workClaimKind,
  workNonce,
  workWord,
} from '@stoa/protocol/stoicism';
import { HttpError } from '#http-error.ts';
import type { RunningJob } from '#work/handler.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { measureChains } from '#work/kinds/measure/chain.ts';

type HubDeps = Pick<KindDeps, 'http' | 'hub' | 'nodeSeed' | 'random'>;

/** What a benchmark says to its hub about one part. */
export interface Word {
  readonly part: WorkPart | typeof CONTENT_PART;
  /** None: it is about to begin. */
  readonly lanes?: WorkLane[];
  /** Of the file of the drive. */
  readonly blocks?: number;
}

const WORD_MS = 30_000;

/** Measures a part from a nonce of the hub's on, and hands the answer in at once: the hub's clock stands behind the figure. */
export async function measureProven(
  deps: HubDeps,
  job: RunningJob,
  by: {
    readonly part: Exclude<WorkPart, 'randomRead'>;
    readonly seconds: number;
    readonly threads: number;
  },
): Promise<number> {
  const { part } = by;
  const nonce = await beginWork(deps, job, { part });
  const { lanes, figure } = await measureChains({ part, nonce }, by, job.signal);
  await sayWork(deps, job, { part, lanes });
  return figure;
}

/** @returns the hub's nonce; where it gives none, one of our own: the part is measured all the same, and counts nothing. */
export async function beginWork(deps: HubDeps, job: RunningJob, word: Word): Promise<Uint8Array> {
  return (await sayWork(deps, job, word)) ?? deps.random(32);
}

/** @returns the nonce; undefined where the hub did not take it. */
export async function sayWork(
  { http, hub, nodeSeed }: HubDeps,
  job: RunningJob,
  { part, lanes = [], blocks = 0 }: Word,
): Promise<Uint8Array | undefined> {
  const { nodeId, jobId, attempt } = job.lease;
  const answer = lanes.length === 0 ? NO_ANSWER : workAnswer(lanes, nodeCrypto.hash);
  const key = nodeCrypto.signingKey(await nodeSeed());
  const sealed = seal(workClaimKind, { nodeId, jobId, attempt, part, blocks, answer }, key);
  try {
    const { status, body } = await http.request({
      url: `${await hub()}${WORK_WORD_PATH}`,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: encode(workWord, { sealed, lanes }),
      timeoutMs: WORD_MS,
      signal: job.signal,
    });
    if (status === 200) return decodeExact(workNonce, body).nonce;
    job.log(`${part}: the hub answered ${status} to its proof, so this part will count nothing`);
  } catch (error) {
    job.signal.throwIfAborted();
    if (!(error instanceof HttpError)) throw error;
    job.log(`${part}: ${error.message}: without the hub's word this part will count nothing`);
  }
  return undefined;
}
