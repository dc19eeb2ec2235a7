import { WINDOW, weighClosing } from '@stoa/protocol/mint';
import type { LedgerBook } from '#ledger/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Batch, BatchStore } from './batch-store.ts';
import type { Fence } from './cut.ts';
import { dayText, dueEpoch, hourOf } from './day.ts';
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
 * A day that a person gives up. Where its epoch is open it is closed on its chain, by what is minted of it then, and once that is
 * settled nothing more of it ever is; where it is not, the contract takes no opening after its window. Only then the rest goes
 * back to Current.
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
      const left = all.filter(({ kind, state }) => kind === 'mint' && state !== 'settled');
      for (const chain of new Set(left.map((batch) => batch.chain)))
        await this.#requireDead(
          opened.tx,
          all.filter((batch) => batch.chain === chain),
          { epoch, chain },
        );
      const now = clock.now();
      if (!(await epochs.move(opened.tx, epoch, { from: 'cancelling', to: 'cancelled', now }))) return;
      await redemption.move(opened, 'released', left);
    });
  }

  /**
   * Once none of its batches is on its way any more, so that what is minted stands. Of a chain on which the epoch is open, also
   * where nothing of it was signed: whoever stole the hub could have it signed. What is not open can't be closed.
   */
  async #close(tx: TransactionSql, epoch: number, chain: number): Promise<void> {
    const { batches, clock } = this.#deps;
    const here = (await batches.ofEpoch(epoch, tx)).filter((batch) => batch.chain === chain);
    if (here.some((batch) => batch.kind === 'close' || isUnderWay(batch)) || !isOpened(here)) return;
    const mints = here.filter(({ kind }) => kind === 'mint');
    if (mints.every(isMinted)) return;
    const total = await this.#points(tx, mints.filter(isMinted), { epoch, chain });
    const [row] = await tx<{ bounds: number[] }[]>`
      select bounds from mint_chains where epoch = ${epoch} and chain = ${chain}`;
    const { gasLimit } = weighClosing(epoch, total, row!.bounds);
    await batches.close(tx, { epoch, chain, total, gasLimit }, clock.now());
  }

  /**
   * What is not settled there never will be: its epoch is closed by what is settled, or was not opened while the contract took it.
   * @throws MintFault `not_dead`
   */
  async #requireDead(
    tx: TransactionSql,
    here: readonly Batch[],
    { epoch, chain }: { epoch: number; chain: number },
  ): Promise<void> {
    const alive = (why: string) =>
      new MintFault('not_dead', `chain ${chain} of ${dayText(epoch)} can't be given back yet: ${why}`);
    const found = here.find(
      (batch) => isUnderWay(batch) || (batch.kind === 'mint' && batch.state === 'final'),
    );
    if (found !== undefined)
      throw alive(`${found.kind} ${found.part} is ${found.state}: it is mined, or may still be`);
    const closing = here.find(({ kind }) => kind === 'close');
    if (closing === undefined) {
      if (isOpened(here)) throw alive('its epoch is open and not closed');
      // Six hours past the window's end: blocks have the time of their parents.
      if (dueEpoch(this.#deps.clock.now()) > epoch + WINDOW) return;
      throw alive(`its epoch was not opened, and can be until ${dayText(epoch + WINDOW + 1)}`);
    }
    if (closing.state !== 'settled') throw alive(`its closing is ${closing.state}`);
    const settled = here.filter(({ kind, state }) => kind === 'mint' && state === 'settled');
    const total = await this.#points(tx, settled, { epoch, chain });
    if (total !== closing.size)
      throw alive(
        `it was to be closed at ${closing.size} points, and ${total} are settled: look at it first`,
      );
  }

  /** Whole points of these batches, by the plan. */
  async #points(
    tx: TransactionSql,
    mints: readonly Batch[],
    { epoch, chain }: { epoch: number; chain: number },
  ): Promise<number> {
    const parts = mints.map(({ part }) => part);
    const [row] = await tx<{ total: string }[]>`select coalesce(sum(sum), 0)::text as total from mint_plans
      where epoch = ${epoch} and chain = ${chain} and batch = any(${parts}::int[])`;
    return Number(row!.total);
  }
}

/** Of an opening or a batch: bytes of it exist that may be mined, whatever else is on its chain. */
function isUnderWay({ kind, state }: Batch): boolean {
  return kind !== 'close' && (state === 'signed' || state === 'sent' || state === 'mined');
}

function isMinted({ state }: Batch): boolean {
  return state === 'final' || state === 'settled';
}

/** The contract knows the epoch: by our opening, or by another. */
function isOpened(here: readonly Batch[]): boolean {
  return here.some((batch) => batch.kind === 'open' && (isMinted(batch) || batch.reason === 'other_content'));
}
