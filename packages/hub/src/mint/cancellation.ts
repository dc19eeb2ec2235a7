import { weighClosing } from '@stoa/protocol/mint';
import type { LedgerBook } from '#ledger/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Batch, BatchStore } from './batch-store.ts';
import type { Fence } from './cut.ts';
import { dayText, hourOf } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';
import type { Redemption } from './redemption.ts';

export interface CancellationDeps {
  readonly sql: Sql;
  readonly book: LedgerBook;
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly redemption: Redemption;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * A day that a person gives up. What was never signed can't be minted; for all else the epoch is closed on its chain, by what is
 * minted of it then, and once that is settled nothing more of it ever is. Only then the rest goes back to Current.
 */
export class Cancellation {
  readonly #deps: CancellationDeps;

  constructor(deps: CancellationDeps) {
    this.#deps = deps;
  }

  /** Writes the closings that the chain needs. @returns the days that are being given up. */
  async close(chain: number, fence: Fence): Promise<ReadonlySet<number>> {
    const { sql, epochs } = this.#deps;
    const cancelling = (await epochs.open()).filter(({ state }) => state === 'cancelling');
    for (const { epoch } of cancelling)
      await sql.begin(async (tx) => {
        await fence(tx);
        await this.#close(tx, epoch, chain);
      });
    return new Set(cancelling.map(({ epoch }) => epoch));
  }

  /** Ends the day where it can be. @throws MintFault `not_dead` */
  async finish(epoch: number, fence: Fence): Promise<void> {
    const { book, epochs, batches, redemption, clock } = this.#deps;
    await book.open(hourOf(epoch), async (opened) => {
      await fence(opened.tx);
      const all = await batches.ofEpoch(epoch, opened.tx);
      const alive = all.find((batch) => mayBeMinted(batch, all));
      if (alive !== undefined)
        throw new MintFault(
          'not_dead',
          `batch ${alive.part} on chain ${alive.chain} of ${dayText(epoch)} is ${alive.state}, and its chain not closed for good: it may still be mined`,
        );
      const now = clock.now();
      if (!(await epochs.move(opened.tx, epoch, { from: 'cancelling', to: 'cancelled', now }))) return;
      await redemption.move(
        opened,
        'released',
        all.filter(({ kind, state }) => kind === 'mint' && state !== 'settled'),
      );
    });
  }

  /** Once none of its batches is on its way any more, so that what is minted stands. */
  async #close(tx: TransactionSql, epoch: number, chain: number): Promise<void> {
    const { batches, clock } = this.#deps;
    const here = (await batches.ofEpoch(epoch, tx)).filter((batch) => batch.chain === chain);
    const mints = here.filter(({ kind }) => kind === 'mint');
    const underWay = mints.some(({ state }) => state === 'signed' || state === 'sent' || state === 'mined');
    if (underWay || here.some(({ kind }) => kind === 'close')) return;
    if (!mints.some((batch) => mayBeMinted(batch, here) && batch.state !== 'final')) return;
    const minted = mints
      .filter(({ state }) => state === 'final' || state === 'settled')
      .map(({ part }) => part);
    const [row] = await tx<{ total: string; bounds: number[] }[]>`
      select coalesce(sum(p.sum) filter (where p.batch = any(${minted}::int[])), 0)::text as total, c.bounds
      from mint_chains c left join mint_plans p using (epoch, chain) where epoch = ${epoch} and chain = ${chain} group by c.bounds`;
    const total = Number(row!.total);
    const { gasLimit } = weighClosing(epoch, total, row!.bounds);
    await batches.close(tx, { epoch, chain, total, gasLimit }, clock.now());
  }
}

/** Bytes of it exist, and nothing on its chain keeps them out for good. */
function mayBeMinted({ kind, state, attempt, chain }: Batch, all: readonly Batch[]): boolean {
  if (kind !== 'mint' || state === 'settled' || (state === 'planned' && attempt === 0)) return false;
  return !all.some((one) => one.kind === 'close' && one.chain === chain && one.state === 'settled');
}
