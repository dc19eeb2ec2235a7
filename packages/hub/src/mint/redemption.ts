import { BUCKET } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import type { EventDraft, LedgerBook, OpenedLedger } from '#ledger/index.ts';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Batch, BatchStore, Seen } from './batch-store.ts';
import { eventOf, type Fence } from './cut.ts';
import { dayText, hourOf } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';

export interface RedemptionDeps {
  readonly book: LedgerBook;
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly clock: Pick<Clock, 'now'>;
}

/** What becomes of reserved points: Redeemed, once they are on chain for good; back in Current, once they never can be. */
export class Redemption {
  readonly #deps: RedemptionDeps;

  constructor(deps: RedemptionDeps) {
    this.#deps = deps;
  }

  /** Minting to Redeemed of all that a batch credits, in one with its end. @returns false where it had moved meanwhile. */
  async settle(batch: Batch, { seen, fence }: { seen: Seen | undefined; fence: Fence }): Promise<boolean> {
    const { book, batches, clock } = this.#deps;
    return await book.open(hourOf(batch.epoch), async (opened) => {
      await fence(opened.tx);
      const to = { state: 'settled', attempt: batch.attempt } as const;
      if (!(await batches.move(opened.tx, batch, { to, now: clock.now(), seen }))) return false;
      if (batch.kind === 'mint') await this.move(opened, 'settled', [batch]);
      await this.#end(opened.tx, batch.epoch);
      return true;
    });
  }

  async #end(tx: TransactionSql, epoch: number): Promise<void> {
    const { epochs, batches, clock } = this.#deps;
    const all = await batches.ofEpoch(epoch, tx);
    if (all.every(({ state }) => state === 'settled'))
      await epochs.move(tx, epoch, { from: 'running', to: 'settled', now: clock.now() });
  }

  /**
   * Out of Minting, by the events that reserved: what is moved is what was taken.
   * @throws MintFault `ledger_changed` where that is not what the plan mints
   */
  async move(
    { tx, head, append }: OpenedLedger,
    kind: 'settled' | 'released',
    batches: readonly Batch[],
  ): Promise<void> {
    for (const batch of batches) {
      const { epoch, chain, part } = batch;
      const [plan] = await tx<{ contract: number; from: number; to: number; sum: bigint; cut: bigint }[]>`
        select e.contract, from_bucket as from, to_bucket as to, sum, e.cut_sequence as cut
        from mint_plans p join mint_epochs e using (epoch) where epoch = ${epoch} and chain = ${chain} and batch = ${part}`;
      // A reset since ended all balances, Minting among them.
      if (head.resetSequence > Number(plan!.cut)) continue;
      const rows = await tx<{ id: string; amount: string }[]>`
        select e.account_id as id, e.amount::text as amount from stoicism_events e join mint_slots s using (account_id)
        where e.hour = ${hourOf(epoch)} and e.ref = ${String(epoch)} and e.kind = 'reserved'
          and s.contract = ${plan!.contract} and s.chain = ${chain}
          and s.slot >= ${plan!.from * BUCKET} and s.slot < ${plan!.to * BUCKET} order by s.slot`;
      const drafts = rows.map(
        ({ id, amount }): EventDraft => ({
          ...{ ...eventOf(epoch, id), kind, amount: BigInt(amount) },
        }),
      );
      const sum = drafts.reduce((all, { amount }) => all + amount, 0n);
      if (sum !== plan!.sum * POINT)
        throw new MintFault(
          'ledger_changed',
          `batch ${part} on chain ${chain} of ${dayText(epoch)} mints ${plan!.sum} points; the ledger reserved ${sum} units for its slots`,
        );
      await append(drafts);
    }
  }
}
