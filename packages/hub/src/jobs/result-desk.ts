import {
  type CryptoSuite,
  encode,
  equalBytes,
  FRAME,
  fromHex,
  HUB_FRAMES,
  type HubChain,
  type JobResult,
  jobReceiptKind,
  jobResultKind,
  open,
  ProtocolError,
  peek,
  type SigningKey,
  seal,
  toHex,
} from '@stoa/protocol';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { LoopShare } from '../loop-share.ts';
import type { AgentSession } from './agent-session.ts';
import { uuidText } from './lease.ts';
import type { ResultStore, StoredResult } from './result-store.ts';
import { type ChainTip, type HeldJob, linkOf, type Settled, settle } from './settle.ts';

interface Told {
  readonly nodeId: string;
  readonly sealed: Uint8Array;
}
type Answer = { readonly receipt: Uint8Array } | { readonly fault: ProtocolError };

interface Round {
  readonly results: readonly StoredResult[];
  /** By the hash of the result, hex. */
  readonly receipts: ReadonlyMap<string, Uint8Array>;
}

export interface ResultDeskDeps {
  readonly store: ResultStore;
  readonly party: () => { readonly key: SigningKey; readonly chain: HubChain };
  readonly crypto: CryptoSuite;
  readonly clock: Clock;
  readonly loop: LoopShare;
  /** After the commit. */
  readonly onSettled: (jobs: readonly { readonly jobId: string }[]) => void;
  /** These nodes have work again: what was interrupted is queued anew. */
  readonly onReady: (nodeIds: readonly string[]) => Promise<void>;
  /** A node showed a second history of its results. */
  readonly onConflict: (nodeId: string, jobId: string) => void;
}

const WINDOW = { windowMs: 5, maxItems: 500 };

/** Takes results, stores them with the receipt that answers them, and only then answers. */
export class ResultDesk {
  readonly #deps: ResultDeskDeps;
  readonly #taking: Batcher<Told, Answer>;

  constructor(deps: ResultDeskDeps) {
    this.#deps = deps;
    this.#taking = new Batcher({ clock: deps.clock, ...WINDOW }, (told) => this.#take(told));
  }

  /** The same result gets the same receipt, however often it comes. @throws ProtocolError for one that isn't the node's. */
  async take(session: AgentSession, sealed: Uint8Array): Promise<void> {
    // What came is a view of a buffer that is not ours to keep.
    const answer = await this.#taking.submit({ nodeId: session.node.nodeId, sealed: sealed.slice() });
    if ('fault' in answer) throw answer.fault;
    const { receipt } = answer;
    await this.#deps.loop.run(() => session.sendEncoded({ type: FRAME.jobReceipt, payload: receipt }));
  }

  async #take(told: readonly Told[]): Promise<readonly Answer[]> {
    const { store, clock, loop, onSettled, onReady, onConflict } = this.#deps;
    const now = clock.now();
    const keys = await store.keysOf(
      told.map(({ nodeId }) => nodeId),
      now,
    );
    const opened = await loop.map(told, (each) => this.#open(each, keys.get(each.nodeId) ?? [], now));
    const good = opened.filter((each): each is Opened => !('fault' in each));
    const round = good.length === 0 ? undefined : await store.begin((tx) => this.#record(tx, good, now));
    const results = round?.results ?? [];
    onSettled(results.filter(({ settled }) => settled !== undefined));
    for (const { nodeId, jobId, link } of results) if (link === 'conflict') onConflict(nodeId, jobId);
    const again = results.filter(({ settled }) => settled?.state === 'queued');
    if (again.length > 0) await onReady([...new Set(again.map(({ nodeId }) => nodeId))]);
    return opened.map((each) =>
      'fault' in each ? each : { receipt: round!.receipts.get(toHex(each.hash))! },
    );
  }

  /**
   * In the order in which they came: of two results of one job the first may end it. Locks are held, so nothing here waits
   * for a share of the loop.
   */
  async #record(tx: TransactionSql, told: readonly Opened[], now: number): Promise<Round> {
    const { store } = this.#deps;
    const before = await store.before(tx, told);
    const tips = new Map(
      await store.tips(
        tx,
        told.map(({ nodeId }) => nodeId),
      ),
    );
    const jobs = new Map(told.map(({ jobId, nodeId }, i) => [`${nodeId}/${jobId}`, before[i]!.job]));
    const moved = new Map<string, ChainTip>();
    const results: StoredResult[] = [];
    const receipts = new Map<string, Uint8Array>();
    for (const [i, each] of told.entries()) {
      const hash = toHex(each.hash);
      const known = before[i]!.receipt ?? receipts.get(hash);
      if (known !== undefined) {
        receipts.set(hash, known);
        continue;
      }
      const name = `${each.nodeId}/${each.jobId}`;
      const job = jobs.get(name);
      const settled = settle(job, each.result);
      if (job !== undefined && settled !== undefined) jobs.set(name, after(job, settled));
      const result = this.#stored(each, settled, { tip: tips.get(each.nodeId), now });
      results.push(result);
      receipts.set(hash, result.receipt);
      if (result.link === 'conflict') continue;
      tips.set(each.nodeId, { number: result.number, hash });
      moved.set(each.nodeId, { number: result.number, hash });
    }
    if (results.length > 0) await store.write(tx, results, { tips: moved, now });
    return { results, receipts };
  }

  #stored(
    { nodeId, jobId, sealed, hash, result, recorded }: Opened,
    settled: StoredResult['settled'],
    by: { tip: ChainTip | undefined; now: number },
  ): StoredResult {
    const taken = settled === undefined ? 'late' : 'recorded';
    const { attempt, number, previous, report } = result;
    const receipt = taken === 'recorded' ? recorded : this.#receipt({ nodeId, hash, result }, taken, by.now);
    const link = linkOf(by.tip ?? { number: 0, hash: undefined }, { number, previous: toHex(previous) });
    return { hash, jobId, nodeId, attempt, sealed, receipt, taken, number, previous, link, report, settled };
  }

  #receipt(
    { nodeId, hash, result: { jobId, attempt } }: Pick<Opened, 'nodeId' | 'hash' | 'result'>,
    taken: StoredResult['taken'],
    at: number,
  ): Uint8Array {
    const { key, chain } = this.#deps.party();
    const body = { nodeId: fromHex(nodeId), jobId, attempt, result: hash, taken, at };
    return encode(HUB_FRAMES.jobReceipt, { sealed: seal(jobReceiptKind, body, key), hub: chain });
  }

  /** Signed by the key in force or the one before: what waited to be sent may be older than a rotation. */
  #open(
    { nodeId, sealed }: Told,
    keys: readonly Uint8Array[],
    now: number,
  ): Opened | { readonly fault: ProtocolError } {
    let fault = new ProtocolError('bad_signature', `node ${nodeId} is not registered`);
    for (const key of keys) {
      try {
        const result = open(jobResultKind, sealed, this.#deps.crypto, key);
        if (!equalBytes(result.nodeId, fromHex(nodeId)))
          return { fault: new ProtocolError('bad_signature', 'the job result is that of another node') };
        const jobId = uuidText(result.jobId);
        const hash = this.#deps.crypto.hash(sealed);
        const recorded = this.#receipt({ nodeId, hash, result }, 'recorded', now);
        return { nodeId, jobId, sealed, hash, result, recorded };
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        fault = error;
      }
    }
    return { fault };
  }
}

/** As the row is written: what is queued anew has no lease. */
function after(job: HeldJob, { state }: Settled): HeldJob {
  return { ...job, state, fencingToken: state === 'queued' ? undefined : job.fencingToken };
}

interface Opened {
  readonly nodeId: string;
  readonly jobId: string;
  readonly sealed: Uint8Array;
  readonly hash: Uint8Array;
  readonly result: JobResult;
  /** What answers it unless it is late or known: signed before anything is locked. */
  readonly recorded: Uint8Array;
}

/** What a stored result said, for its readers: its signature was checked when it came. */
export function readResult(sealed: Uint8Array): JobResult {
  return peek(jobResultKind, sealed);
}
