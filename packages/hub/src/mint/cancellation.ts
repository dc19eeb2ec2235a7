import { WINDOW, weighClosing } from '@stoa/protocol/mint';
import type { LedgerBook } from '#ledger/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Batch, BatchStore } from './batch-store.ts';
import type { ChainView } from './chain-view.ts';
import type { Fence } from './cut.ts';
import { dayText, dueEpoch, hourOf } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';
import type { Redemption } from './redemption.ts';
import { type Contract, call, type EpochState, epochStateOf } from './register-reads.ts';

export interface CancellationDeps {
  readonly sql: Sql;
  readonly book: LedgerBook;
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly redemption: Redemption;
  readonly view: Pick<ChainView, 'read'>;
  readonly contract: Contract;
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_SECONDS = 86_400;

/**
 * A day that a person gives up. Where its epoch is open it is closed on its chain, by what is minted of it then, and once that is
 * settled nothing more of it ever is; where it is not, the contract takes no opening after its window. Only then, and where the
 * chain has of it what is settled here, the rest goes back to Current: a database that was restored, or a signer that somebody else
 * asked, knows nothing of bytes that are mined.
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

  /** Ends the day where it can be. @throws MintFault `not_dead`, `chain_differs`; as `ChainView.read` does */
  async finish(epoch: number, fence: Fence): Promise<void> {
    const { sql, book, epochs, batches, redemption, clock } = this.#deps;
    const known = await batches.ofEpoch(epoch);
    for (const at of placesOf(known.filter(isLeft))) await this.#requireDead(sql, known, at);
    // What is dead stays as it is, so it is asked for before the ledger is held.
    const found = await this.#onChains(known);
    await book.open(hourOf(epoch), async (opened) => {
      await fence(opened.tx);
      const all = await batches.ofEpoch(epoch, opened.tx);
      const left = all.filter(isLeft);
      for (const at of placesOf(left)) {
        await this.#requireDead(opened.tx, all, at);
        await this.#requireSame(opened.tx, all, { ...at, found: found.get(at.chain) });
      }
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
    const weight = weighClosing(epoch, total, row!.bounds);
    await batches.close(tx, { epoch, chain, total, weight }, clock.now());
  }

  /**
   * What is not settled there never will be: its epoch is closed by what is settled, or was not opened while the contract took it.
   * @throws MintFault `not_dead`
   */
  async #requireDead(
    sql: Sql | TransactionSql,
    all: readonly Batch[],
    { epoch, chain }: Place,
  ): Promise<void> {
    const here = all.filter((batch) => batch.chain === chain);
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
    const total = await this.#points(sql, here.filter(isRedeemed), { epoch, chain });
    if (total !== closing.size)
      throw alive(
        `it was to be closed at ${closing.size} points, and ${total} are settled: look at it first`,
      );
  }

  /** Chains of which something is left, as their nodes have the epoch: `FINAL_DEPTH` deep, and where it is not open past its window. */
  async #onChains(all: readonly Batch[]): Promise<ReadonlyMap<number, EpochState>> {
    const { view, contract } = this.#deps;
    const asked = placesOf(all.filter(isLeft)).map(async ({ epoch, chain }) => {
      const isClosed = all.some((batch) => batch.kind === 'close' && batch.chain === chain);
      const since = isClosed ? 0 : (epoch + WINDOW + 1) * DAY_SECONDS;
      const code = call(contract, 'epoch-state', [epoch]);
      return [chain, await view.read(chain, code, epochStateOf, { since })] as const;
    });
    return new Map(await Promise.all(asked));
  }

  /** @throws MintFault `chain_differs` */
  async #requireSame(
    tx: TransactionSql,
    all: readonly Batch[],
    { epoch, chain, found }: Place & { found: EpochState | undefined },
  ): Promise<void> {
    const here = all.filter((batch) => batch.chain === chain);
    const total = await this.#points(tx, here.filter(isRedeemed), { epoch, chain });
    const isClosed = here.some(({ kind }) => kind === 'close');
    const stands =
      found === undefined || found.digest === '' ? 'not open' : found.closed ? 'closed' : 'open, not closed,';
    if (found?.minted === total && (stands === 'closed' || (stands === 'not open' && !isClosed))) return;
    throw new MintFault(
      'chain_differs',
      `chain ${chain} of ${dayText(epoch)}: there its epoch is ${stands} with ${found?.minted ?? 0} points minted, here ${isClosed ? 'closed' : 'not open'} with ${total} settled. Nothing of the day is given back: find out who had it signed, or from when this database is`,
    );
  }

  /** Whole points of these batches, by the plan. */
  async #points(
    sql: Sql | TransactionSql,
    mints: readonly Batch[],
    { epoch, chain }: Place,
  ): Promise<number> {
    const parts = mints.map(({ part }) => part);
    const [row] = await sql<{ total: string }[]>`select coalesce(sum(sum), 0)::text as total from mint_plans
      where epoch = ${epoch} and chain = ${chain} and batch = any(${parts}::int[])`;
    return Number(row!.total);
  }
}

type Place = Pick<Batch, 'epoch' | 'chain'>;

/** Each once. */
function placesOf(batches: readonly Batch[]): Place[] {
  return [...new Map(batches.map(({ epoch, chain }) => [chain, { epoch, chain }])).values()];
}

function isLeft({ kind, state }: Batch): boolean {
  return kind === 'mint' && state !== 'settled';
}

function isRedeemed({ kind, state }: Batch): boolean {
  return kind === 'mint' && state === 'settled';
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
