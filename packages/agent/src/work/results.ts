import { join } from 'node:path';
import {
  type Decoded,
  encodeAgentMessage,
  equalBytes,
  type HUB_FRAMES,
  type JobReceipt,
  type JobResult,
  jobReceiptKind,
  jobResultKind,
  open,
  ProtocolError,
  peek,
  seal,
  toHex,
  verifyHubChain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Clock } from '#clock.ts';
import type { Disk } from '#disk.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import { Spool } from '#outbox/spool.ts';
import { SpoolLane } from '#outbox/spool-lane.ts';
import type { Journal } from '#work/journal.ts';
import { attemptKey } from '#work/lease.ts';
import { ResultLog } from '#work/result-log.ts';

type SealedJobReceipt = Decoded<(typeof HUB_FRAMES)['jobReceipt']>;
/** What stands in a result besides what the chain adds. */
export type Outcome = Omit<JobResult, 'nodeId' | 'number' | 'previous'>;

export interface ResultsOptions {
  clock: Clock;
  disk: Disk;
  /** Of this node's work. */
  directory: string;
  store: IdentityStore;
  journal: Journal;
  /** The lane has something to send. */
  ready: () => void;
  failed: (error: unknown) => void;
}

/**
 * Results of this node: signed, chained, in the spool until the receipt is here, then in the log with it.
 *
 * A result is in the spool before the journal names it, and is sent only when the journal does: whatever moment the
 * process ends at, no number is given twice and none is left out.
 */
export class Results {
  readonly lane: SpoolLane;
  readonly #options: ResultsOptions;
  readonly #spool: Spool;
  readonly #log: ResultLog;
  /** Numbers by the hash of the sealed result. */
  readonly #pending = new Map<string, number>();
  #work: Promise<void> = Promise.resolve();

  private constructor(options: ResultsOptions, spool: Spool, log: ResultLog) {
    const { clock, journal, ready, failed } = options;
    this.#options = options;
    this.#spool = spool;
    this.#log = log;
    this.lane = new SpoolLane({
      clock,
      spool,
      frame: (sealed, number) =>
        number <= journal.head.number ? encodeAgentMessage('jobResult', { sealed }) : undefined,
      ready,
      failed,
    });
  }

  /** Takes over what an earlier process has signed and could not journal. @throws DiskError */
  static async open(options: ResultsOptions): Promise<Results> {
    const { disk, directory, journal } = options;
    const spool = await Spool.open({ disk, directory: join(directory, 'spool') });
    const results = new Results(options, spool, await ResultLog.open(disk, join(directory, 'results')));
    for (const number of spool.numbers) {
      const sealed = await spool.read(number);
      if (sealed === undefined) continue;
      results.#pending.set(toHex(nodeCrypto.hash(sealed)), number);
      if (number > journal.head.number) await results.#adopt(sealed);
    }
    return results;
  }

  /** Results without a receipt. */
  get pending(): number {
    return this.#pending.size;
  }

  get alarm(): boolean {
    return this.#spool.alarm;
  }

  awaits(number: number): boolean {
    return [...this.#pending.values()].includes(number);
  }

  /**
   * One after the other, in the order of the calls.
   * @param kept Called when it is on the medium, before it is sent.
   * @throws SpoolFullError, DiskError: it was not told, and can be again.
   */
  tell(outcome: Outcome, idempotencyKey: Uint8Array, kept: () => void = () => undefined): Promise<void> {
    return this.#run(async () => {
      await this.#add(outcome, idempotencyKey);
      kept();
      this.lane.refill();
    });
  }

  /** Verified, logged, and only then taken off the spool. @throws ProtocolError, DiskError */
  receipt(from: SealedJobReceipt): Promise<void> {
    const copy = structuredClone(from);
    return this.#run(() => this.#take(copy));
  }

  settled(): Promise<void> {
    return this.#work;
  }

  #run(task: () => Promise<void>): Promise<void> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #add(outcome: Outcome, idempotencyKey: Uint8Array): Promise<void> {
    const { journal, store } = this.#options;
    // An earlier call may have ended between spool and journal; the same number must not be signed twice.
    const left = await this.#spool.read(journal.head.number + 1);
    if (left !== undefined) {
      await this.#adopt(left);
      if (attemptKey(peek(jobResultKind, left)) === attemptKey(outcome)) return;
    }
    const { number, hash } = journal.head;
    const body = { ...outcome, nodeId: store.nodeId, number: number + 1, previous: hash };
    const sealed = seal(jobResultKind, body, store.key);
    await this.#spool.put(body.number, sealed);
    this.#pending.set(toHex(nodeCrypto.hash(sealed)), body.number);
    await journal.end({ idempotencyKey, sealed });
  }

  /** Signed and in the spool; the journal was not told. */
  async #adopt(sealed: Uint8Array): Promise<void> {
    const { journal } = this.#options;
    const begun = journal.active.get(attemptKey(peek(jobResultKind, sealed)));
    await journal.end({ idempotencyKey: begun?.idempotencyKey ?? new Uint8Array(16), sealed });
  }

  async #take(from: SealedJobReceipt): Promise<void> {
    const receipt = this.#verify(from);
    const key = toHex(receipt.result);
    const number = this.#pending.get(key);
    if (number === undefined) return;
    const sealed = await this.#spool.read(number);
    if (sealed !== undefined)
      await this.#log.append(number, { result: sealed, receipt: from.sealed, ...from.hub });
    await this.#spool.remove(number);
    this.#pending.delete(key);
    this.lane.refill();
  }

  /** The instance must have been certified when it signed, also where it is long gone. */
  #verify({ sealed, hub }: SealedJobReceipt): JobReceipt {
    const { identity, nodeId } = this.#options.store;
    const { root } = identity.credential;
    const { instance } = verifyHubChain(
      hub,
      {
        rootFingerprint: nodeCrypto.hash(root),
        region: identity.region,
        timeFloor: peek(jobReceiptKind, sealed).at,
        minInstanceSerial: 0,
      },
      nodeCrypto,
    );
    const receipt = open(jobReceiptKind, sealed, nodeCrypto, instance.publicKey);
    if (!equalBytes(receipt.nodeId, nodeId))
      throw new ProtocolError('bad_signature', 'the receipt is for another node');
    return receipt;
  }
}
