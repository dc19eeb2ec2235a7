import { formatPoints } from '@stoa/protocol/stoicism';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import type { Adjustment, AdjustmentStore } from './adjustment-store.ts';
import type { LedgerBook, Mode } from './book.ts';
import { type EventDraft, NO_BASIS } from './event.ts';

export interface LedgerDeskDeps {
  readonly book: LedgerBook;
  readonly adjustments: AdjustmentStore;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Proposal {
  /** As the chain has it (`k:…`, `Ѻ.…`), or its id of 32 hex digits. */
  readonly account: string;
  /** Units of 1e-12 points; below 0 takes away. */
  readonly amount: bigint;
  readonly reason: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What people decide over the ledger. All of it is in the audit log, in one with what it does; each takes an Ancient who is freshly signed in. */
export class LedgerDesk {
  readonly #deps: LedgerDeskDeps;

  constructor(deps: LedgerDeskDeps) {
    this.#deps = deps;
  }

  /** @returns its number. @throws {HttpError} 404 for an account that nobody was ever paid to; `no_amount`. */
  async propose(viewer: Viewer, proposal: Proposal): Promise<number> {
    const { adjustments, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const { account, amount, reason } = proposal;
    const accountId = await adjustments.accountId(account);
    if (accountId === undefined) throw notFound('This account');
    if (amount === 0n)
      throw new HttpError(422, 'no_amount', 'An adjustment of 0 points changes nothing.', {
        fix: 'Name the points to give, or below 0 those to take away.',
      });
    return adjustments.propose(
      { accountId, amount, reason, proposedBy: viewer.email, proposedAt: clock.now() },
      (tx, adjustmentId) =>
        this.#record(tx, viewer, 'ledger.propose', {
          ...{ adjustmentId, accountId, points: formatPoints(amount), reason },
        }),
    );
  }

  /** Makes it an event. @throws {HttpError} 404; `same_person`, `not_enough`. */
  async approve(viewer: Viewer, adjustmentId: number): Promise<void> {
    const { book, adjustments, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const now = clock.now();
    const hour = Math.floor(now / HOUR_MS);
    await book.open(hour, async ({ tx, append }) => {
      const adjustment = await adjustments.take(tx, adjustmentId);
      if (adjustment === undefined) throw notFound('This adjustment');
      requireOther(viewer, adjustment);
      await requireEnough(tx, adjustments, adjustment);
      const [event] = await append([draftOf(adjustment, hour)]);
      const decided = {
        decidedBy: viewer.email,
        decidedAt: now,
        outcome: 'applied',
        sequence: event!.sequence,
      } as const;
      await adjustments.decide(tx, adjustmentId, decided);
      await this.#record(tx, viewer, 'ledger.approve', {
        ...told(adjustment),
        event: event!.sequence,
      });
    });
  }

  /** By anybody who may approve, or who proposed it. @throws {HttpError} 404. */
  async refuse(viewer: Viewer, adjustmentId: number): Promise<void> {
    const { book, adjustments, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const now = clock.now();
    await book.open(Math.floor(now / HOUR_MS), async ({ tx }) => {
      const adjustment = await adjustments.take(tx, adjustmentId);
      if (adjustment === undefined) throw notFound('This adjustment');
      await adjustments.decide(tx, adjustmentId, {
        decidedBy: viewer.email,
        decidedAt: now,
        outcome: 'refused',
      });
      await this.#record(tx, viewer, 'ledger.refuse', told(adjustment));
    });
  }

  /**
   * A hard reset: every balance begins at nothing, with the next full hour; scores and events stay, open adjustments are refused.
   * The same mode again is a reset too. @throws {HttpError} `ledger_locked`; `mint_open`.
   */
  async reset(viewer: Viewer, mode: Mode): Promise<void> {
    const { book, adjustments, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const now = clock.now();
    const hour = Math.floor(now / HOUR_MS);
    await book.open(hour, async ({ tx, head, append, settle }) => {
      if (head.locked)
        throw new HttpError(409, 'ledger_locked', 'The ledger is live and locked: nothing of it reverts.', {
          fix: 'An Ancient Admin unlocks it first.',
        });
      await requireNoMint(tx);
      await append([
        {
          kind: 'reset',
          hour,
          revision: 0,
          nodeId: '',
          accountId: '',
          ref: `${mode} ${head.sequence + 1}`,
          amount: 0n,
          basis: NO_BASIS,
          ownerId: undefined,
        },
      ]);
      await settle({ mode, firstHour: hour + 1, locked: false });
      // What was proposed while nothing had a value must not be approved when it has.
      const refused = await adjustments.refuseOpen(tx, { decidedBy: viewer.email, decidedAt: now });
      await this.#record(tx, viewer, 'ledger.reset', {
        from: head.mode,
        to: mode,
        firstHour: hour + 1,
        refused,
      });
    });
  }

  /** @throws {HttpError} `not_live`: what is worth nothing needs no lock. */
  async lock(viewer: Viewer, locked: boolean): Promise<void> {
    const { book, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    await book.open(Math.floor(clock.now() / HOUR_MS), async ({ tx, head, settle }) => {
      if (head.mode !== 'live')
        throw new HttpError(409, 'not_live', 'The ledger is in shadow: there is nothing to lock.', {
          fix: 'Go live first.',
        });
      const { mode, firstHour } = head;
      await settle({ mode, firstHour, locked });
      await this.#record(tx, viewer, locked ? 'ledger.lock' : 'ledger.unlock', {});
    });
  }

  async #record(
    tx: TransactionSql,
    { email: actor }: Viewer,
    act: string,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { adjustmentId, ...rest } = detail;
    const subject = adjustmentId === undefined ? '' : String(adjustmentId);
    await this.#deps.audit.appendIn(tx, { actor, act, subject, detail: rest });
  }
}

function told({ adjustmentId, accountId, amount, reason, proposedBy }: Adjustment) {
  return { adjustmentId, accountId, points: formatPoints(amount), reason, proposedBy };
}

function requireOther(viewer: Viewer, { proposedBy }: Adjustment): void {
  if (viewer.email === proposedBy)
    throw new HttpError(409, 'same_person', `${proposedBy} proposed it: a second person approves.`, {
      fix: 'Ask another Ancient Admin.',
    });
}

/**
 * What of a day is minted later would move nothing: points on chain that no balance knows. Days are cut, and end, under the ledger's
 * lock, which `tx` holds.
 */
async function requireNoMint(tx: TransactionSql): Promise<void> {
  const [open] = await tx<{ epoch: number; state: string }[]>`
    select epoch, state from mint_epochs where ended_at is null order by epoch limit 1`;
  if (open === undefined) return;
  const day = new Date(open.epoch * DAY_MS).toISOString().slice(0, 10);
  throw new HttpError(409, 'mint_open', `The mint of ${day} is ${open.state}: its points are on their way.`, {
    fix: `Wait until it is settled, or give it up ('stoa-hub mint cancel ${day}') and wait until it is cancelled.`,
  });
}

async function requireEnough(
  tx: TransactionSql,
  adjustments: AdjustmentStore,
  { accountId, amount }: Adjustment,
): Promise<void> {
  const current = await adjustments.current(tx, accountId);
  if (current + amount < 0n)
    throw new HttpError(
      ...([409, 'not_enough'] as const),
      `The account has ${formatPoints(current)} points in Current; ${formatPoints(-amount)} can't be taken.`,
      { fix: 'Propose no more than there is.' },
    );
}

function draftOf({ adjustmentId, accountId, amount }: Adjustment, hour: number): EventDraft {
  return {
    ...{ kind: 'adjustment', hour, revision: 0, nodeId: '', accountId, ref: String(adjustmentId), amount },
    ...{ basis: NO_BASIS, ownerId: undefined },
  };
}
