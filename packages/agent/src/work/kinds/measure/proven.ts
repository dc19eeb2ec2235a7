import { decodeExact, encode, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
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
import { type Chains, measureChains } from '#work/kinds/measure/chain.ts';

type HubDeps = Pick<KindDeps, 'http' | 'hub' | 'nodeSeed' | 'random'>;

const WORD_MS = 30_000;

/**
 * Measures a part from a nonce of the hub's on, and hands the answer in at once: the hub's clock stands behind the figure.
 * Where the hub does not answer, the figure is measured all the same, and counts nothing.
 */
export async function measureProven(
  deps: HubDeps,
  job: RunningJob,
  by: { readonly part: WorkPart; readonly seconds: number; readonly threads: number },
): Promise<number> {
  const { part } = by;
  const nonce = await say(deps, job, { part, lanes: [] });
  const chains: Chains = await measureChains({ part, nonce: nonce ?? deps.random(32) }, by, job.signal);
  if (nonce !== undefined) await say(deps, job, { part, lanes: chains.lanes });
  return chains.figure;
}

/** @returns the nonce; undefined where the hub gave none. */
async function say(
  { http, hub, nodeSeed }: HubDeps,
  job: RunningJob,
  { part, lanes }: { part: WorkPart; lanes: WorkLane[] },
): Promise<Uint8Array | undefined> {
  const { nodeId, jobId, attempt } = job.lease;
  const answer = lanes.length === 0 ? NO_ANSWER : workAnswer(lanes, nodeCrypto.hash);
  const key = nodeCrypto.signingKey(await nodeSeed());
  const sealed = seal(workClaimKind, { nodeId, jobId, attempt, part, answer }, key);
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
    job.log(`${part}: ${error.message}: without the hub's nonce this part will count nothing`);
  }
  return undefined;
}
