import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { AdjustmentStore } from './adjustment-store.ts';
import { Bonuses } from './bonuses.ts';
import { LedgerBook } from './book.ts';
import { LedgerCheck } from './check.ts';
import { LedgerDesk } from './desk.ts';
import { EventStore } from './event-store.ts';
import { OverviewStore } from './overview-store.ts';

/** What people and other features do with the ledger: of a hub, and of a command beside one. */
export interface LedgerTools {
  /** The only way to write: whoever mints opens it for its events. */
  readonly book: LedgerBook;
  readonly desk: LedgerDesk;
  readonly adjustments: AdjustmentStore;
  readonly bonuses: Bonuses;
  readonly events: EventStore;
  readonly overview: OverviewStore;
  readonly check: LedgerCheck;
}

export function createLedgerTools({ sql, clock }: { sql: Sql; clock: Pick<Clock, 'now'> }): LedgerTools {
  const book = new LedgerBook({ sql, clock });
  const adjustments = new AdjustmentStore(sql);
  const events = new EventStore(sql);
  return {
    ...{ book, adjustments, events },
    desk: new LedgerDesk({ book, adjustments, clock, audit: new AuditLog({ sql, clock }) }),
    bonuses: new Bonuses(book),
    overview: new OverviewStore(sql),
    check: new LedgerCheck({ sql, events }),
  };
}
