import {
  type AuditChallenge,
  type AuditOutcome,
  auditReportKind,
  type CryptoSuite,
  type EncodedMessage,
  encodeAgentMessage,
  type PayloadRef,
  type SigningKey,
  seal,
} from '@stoa/protocol';
import { auditAnswer, type Payload } from '@stoa/protocol/chainweb';
import type { Clock } from '#clock.ts';
import { withDeadline } from '#clock.ts';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';

/** Rejects where this host's chainweb does not have it. */
export type FetchPayload = (ref: PayloadRef, signal: AbortSignal) => Promise<Payload>;

export interface AuditsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeId: Uint8Array;
  readonly key: () => SigningKey;
  readonly fetchPayload: FetchPayload;
  readonly hash: CryptoSuite['hash'];
  readonly send: (message: EncodedMessage) => void;
}

/** Whatever a hub says, this costs the host's chainweb no more than so many small reads a day, one at a time. */
const A_DAY = 48;
const DAY_MS = 24 * 3_600_000;
/** Longer than any hub waits. */
const LONGEST_MS = 15_000;

const NONE: Uint8Array = new Uint8Array(32);

/**
 * Shows the hub that this node has the chain: reads the payloads that it names from this host's chainweb, and answers with a hash
 * over them that holds for this node alone. A node without old payloads says so, which costs it nothing.
 */
export class Audits {
  readonly #options: AuditsOptions;
  #session = new AbortController();
  #isReading = false;
  /** Times of challenges within the last day. */
  #recent: number[] = [];

  constructor(options: AuditsOptions) {
    this.#options = options;
  }

  challenged({ nonce, payloads }: AuditChallenge): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    // Of a frame that is not ours to keep.
    const asked = {
      nonce: nonce.slice(),
      payloads: payloads.map((ref) => ({ ...ref, hash: ref.hash.slice() })),
    };
    this.#recent = this.#recent.filter((at) => now - at < DAY_MS);
    if (this.#isReading || this.#recent.length >= A_DAY) {
      this.#tell(asked.nonce, 'refused', now);
      return;
    }
    this.#recent.push(now);
    void this.#answer(asked, now);
  }

  /** The session is over: nobody waits for what is under way. */
  lost(): void {
    this.#session.abort();
    this.#session = new AbortController();
  }

  async #answer({ nonce, payloads }: AuditChallenge, startedMs: number): Promise<void> {
    const { clock, log, nodeId, hash } = this.#options;
    const { signal } = this.#session;
    this.#isReading = true;
    try {
      const read = await withDeadline(clock, { ms: LONGEST_MS, what: 'an audit', signal }, (inner) =>
        this.#read(payloads, inner),
      );
      this.#tell(nonce, 'answered', startedMs, auditAnswer(hash, { nonce, nodeId, payloads: read }));
    } catch (error) {
      if (signal.aborted) return;
      log.debug('audit-unanswered', { ...describeError(error) });
      this.#tell(nonce, 'unavailable', startedMs);
    } finally {
      this.#isReading = false;
    }
  }

  /** One after another: how long all of them take is what is measured. */
  async #read(payloads: readonly PayloadRef[], signal: AbortSignal): Promise<Payload[]> {
    const read: Payload[] = [];
    for (const ref of payloads) read.push(await this.#options.fetchPayload(ref, signal));
    return read;
  }

  #tell(nonce: Uint8Array, outcome: AuditOutcome, startedMs: number, answer = NONE): void {
    const { clock, nodeId, key, send } = this.#options;
    const tookMs = Math.round(clock.monotonic() - startedMs);
    const sealed = seal(auditReportKind, { nonce, node: nodeId, outcome, answer, tookMs }, key());
    send(encodeAgentMessage('auditResponse', { sealed }));
  }
}
