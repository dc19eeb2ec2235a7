import type { Clock } from '../clock.ts';
import type { ReceiptFrames, ReceiptSession } from '../gateway/index.ts';
import { Questions } from './questions.ts';
import type { ReceiptProofs } from './receipt-proofs.ts';
import type { RootStore } from './root-store.ts';

const HOUR_MS = 3_600_000;
/** Receipts for one question, a day's: what is left comes with the next. Of 2 KiB each, they fit what may wait for a slow reader. */
const MOST = 24;

/** Sends nodes what was settled of them. Where a node stands it says itself, so nothing is kept of it but when it asked last. */
export class ReceiptDelivery implements ReceiptFrames {
  readonly #roots: Pick<RootStore, 'since'>;
  readonly #proofs: ReceiptProofs;
  readonly #questions: Questions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #bodyHours: number;

  /** @param by.bodyHours so long bodies are kept. */
  constructor(by: {
    roots: Pick<RootStore, 'since'>;
    proofs: ReceiptProofs;
    clock: Pick<Clock, 'now'>;
    bodyHours: number;
  }) {
    this.#roots = by.roots;
    this.#proofs = by.proofs;
    this.#clock = by.clock;
    this.#questions = new Questions(by.clock);
    this.#bodyHours = by.bodyHours;
  }

  async wanted(session: ReceiptSession, after: number): Promise<void> {
    const { nodeId } = session.node;
    const firstHour = Math.floor(this.#clock.now() / HOUR_MS) - this.#bodyHours;
    await this.#questions.ask(nodeId, async () => {
      for (const receipt of await this.#roots.since({ nodeId, after, firstHour }, MOST)) {
        const proven = await this.#proofs.prove(nodeId, receipt);
        if (proven !== undefined) session.send('settledReceipt', proven);
      }
    });
  }
}
