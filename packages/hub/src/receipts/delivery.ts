import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import type { ReceiptFrames, ReceiptSession } from '../gateway/index.ts';
import type { ReceiptProofs } from './receipt-proofs.ts';
import type { Behind, RootedReceipt, RootStore } from './root-store.ts';

/** Receipts for one question: what is left comes with the next. Of 2 KiB each, they fit what may wait for a slow reader. */
const MOST = 48;
/** A question that comes sooner is not answered: each may cost trees that nobody else asks of. */
const LEAST_MS = 55_000;
/** After a restart of the hub all nodes ask within a minute. */
const WINDOW = { windowMs: 20, maxItems: 200 };

/** Sends nodes what was settled of them. Where a node stands it says itself, so nothing is kept of a session but its last question. */
export class ReceiptDelivery implements ReceiptFrames {
  readonly #proofs: ReceiptProofs;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #asked = new WeakMap<ReceiptSession, number>();
  readonly #reading: Batcher<Behind, readonly RootedReceipt[]>;

  constructor({ roots, proofs, clock }: { roots: RootStore; proofs: ReceiptProofs; clock: Clock }) {
    this.#proofs = proofs;
    this.#clock = clock;
    this.#reading = new Batcher({ clock, ...WINDOW }, (asked) => roots.since(asked, MOST));
  }

  async wanted(session: ReceiptSession, after: number): Promise<void> {
    const now = this.#clock.now();
    const last = this.#asked.get(session);
    if (last !== undefined && now - last < LEAST_MS) return;
    this.#asked.set(session, now);
    const { nodeId } = session.node;
    for (const receipt of await this.#reading.submit({ nodeId, after })) {
      const proven = await this.#proofs.prove(nodeId, receipt);
      if (proven !== undefined) session.send('settledReceipt', proven);
    }
  }
}
