import {
  decodeExact,
  FRAME,
  HUB_FRAMES,
  type JobResult,
  jobReceiptKind,
  jobResultKind,
  peek,
  seal,
  toHex,
} from '@stoa/protocol';
import { makeParties } from '@stoa/protocol/fixtures';
import { describe, expect, it } from 'vitest';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import { systemClock } from '../clock.ts';
import { LoopShare } from '../loop-share.ts';
import type { AgentSession } from './agent-session.ts';
import { uuidBytes } from './lease.ts';
import { ResultDesk } from './result-desk.ts';
import type { ResultStore } from './result-store.ts';
import type { HeldJob } from './settle.ts';

const parties = makeParties('a desk of results');
const ZERO = new Uint8Array(32);
const nodeId = toHex(parties.nodeId);
const job = (number: number) => `018f0000-0000-7000-8000-00000000000${number}`;
const held: HeldJob = {
  ...{ state: 'running', attempt: 1, maxAttempts: 1, fencingToken: 7, idempotent: true },
  cancelWanted: undefined,
};

/** One share for all, and a database whose locks are held while `begin` is under way. */
function openDesk() {
  let locked = false;
  let waited = 0;
  class Share extends LoopShare {
    override map<Item, Result>(items: Iterable<Item>, work: (item: Item) => Result): Promise<Result[]> {
      if (locked) waited += 1;
      return super.map(items, work);
    }
  }
  const store = {
    keysOf: async () => new Map([[nodeId, [parties.keys.node.publicKey]]]),
    async begin<T>(work: (tx: TransactionSql) => Promise<T>) {
      locked = true;
      const done = await work(undefined as unknown as TransactionSql);
      locked = false;
      return done;
    },
    before: async (_tx: unknown, told: readonly { jobId: string }[]) =>
      told.map(({ jobId }) => ({ job: jobId === job(1) ? held : undefined, receipt: undefined })),
    tips: async () => [],
    write: async () => undefined,
  } as unknown as ResultStore;
  const desk = new ResultDesk({
    ...{ store, crypto: parties.crypto, clock: systemClock, loop: new Share() },
    party: () => ({ key: parties.keys.instance, chain: parties.chain }),
    ...{ onSettled: () => undefined, onReady: async () => undefined, onConflict: () => undefined },
  });
  return { desk, waited: () => waited };
}

describe('taking results', () => {
  it('answers each by what became of it, and waits for nobody while jobs are locked', async () => {
    const { desk, waited } = openDesk();
    const taken = new Map<string, string>();
    const session = {
      node: { nodeId, owner: 'ann@x.example', site: '' },
      facts: { epoch: 1, quarantined: false },
      sendEncoded({ type, payload }: { type: number; payload: Uint8Array }) {
        expect(type).toBe(FRAME.jobReceipt);
        const receipt = peek(jobReceiptKind, decodeExact(HUB_FRAMES.jobReceipt, payload).sealed);
        taken.set(toHex(receipt.jobId), receipt.taken);
      },
    } as unknown as AgentSession;
    const tell = (number: number) => {
      const result: JobResult = {
        ...{ nodeId: parties.nodeId, jobId: uuidBytes(job(number)), attempt: 1, fencingToken: 7 },
        ...{ outcome: 'succeeded', code: '', message: '', report: '' },
        ...{ kind: 'system-probe', durationMs: 1, logBytes: 0, logHash: ZERO, orderId: ZERO.subarray(16) },
        ...{ number, previous: ZERO },
      };
      return desk.take(session, seal(jobResultKind, result, parties.keys.node));
    };
    await Promise.all([tell(1), tell(2)]);
    expect(Object.fromEntries(taken)).toEqual({
      [toHex(uuidBytes(job(1)))]: 'recorded',
      [toHex(uuidBytes(job(2)))]: 'late',
    });
    expect(waited()).toBe(0);
  });
});
