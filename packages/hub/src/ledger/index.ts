import { type Random, toHex } from '@stoa/protocol';
import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { LedTask } from '../leases/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { AdjustmentStore } from './adjustment-store.ts';
import { Bonuses } from './bonuses.ts';
import { LedgerBook } from './book.ts';
import { LedgerCheck } from './check.ts';
import { HourCloser } from './closer.ts';
import { LedgerDesk } from './desk.ts';
import { EventStore } from './event-store.ts';
import { HourStore } from './hour-store.ts';
import { NightlyDump } from './nightly-dump.ts';
import { OverviewStore } from './overview-store.ts';
import type { HourSource, PayeeSource, ScoreSource, SettledSink } from './sources.ts';

export type { Adjustment } from './adjustment-store.ts';
export type { Bonuses, Donation, DonationOutcome, MinedBlocks } from './bonuses.ts';
export type { Head as LedgerHead, LedgerBook, Mode as LedgerMode, Opened as OpenedLedger } from './book.ts';
export type { CheckReport } from './check.ts';
export type { LedgerDesk } from './desk.ts';
export { type DumpReport, type DumpVerdict, verifyDump, writeDump, writeDumpLines } from './dump.ts';
export { type AccountId, type EventDraft, type Kind, type LedgerEvent, NO_BASIS, SOURCES } from './event.ts';
export type { Holdings, OverviewStore } from './overview-store.ts';
export { type Fault, Replay } from './replay.ts';
export { ledgerPages } from './routes.tsx';
export type {
  HourSource,
  NodeHourWords,
  NodeSpan,
  Payee,
  PayeeLookup,
  PayeeSource,
  Score,
  ScoreSource,
  SettledSink,
  SettledSlice,
} from './sources.ts';

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

export interface LedgerDeps {
  readonly sql: Sql;
  readonly instanceId: string;
  readonly region: string;
  readonly hours: HourSource;
  readonly scores: ScoreSource;
  readonly payees: PayeeSource;
  /** Receipts are written there; a ledger alone is whole without. */
  readonly sink?: SettledSink | undefined;
  /** Where a nightly dump goes, and the file whose bytes seal it; none where either is missing. */
  readonly dumpDirectory: string | undefined;
  readonly dumpKeyFile: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Ledger extends LedgerTools {
  readonly tasks: readonly Task[];
  /** Lets another process go on with it. */
  release(): Promise<void>;
}

/** Stoicism's books: hours closed by one process of the region, whose events everybody may check. */
export function createLedger(deps: LedgerDeps): Ledger {
  const { sql, clock, random, log, region } = deps;
  const tools = createLedgerTools(deps);
  const holder = `${deps.instanceId} ${toHex(random(6))}`;
  const led = (task: Task) => new LedTask(task, { sql, clock, holder });
  const closer = led(new HourCloser({ ...deps, book: tools.book, store: new HourStore(sql) }));
  const dump = dumpOf(deps, { sql, events: tools.events, region, clock, random, log });
  const tasks = dump === undefined ? [closer] : [closer, led(dump)];
  return {
    ...tools,
    tasks,
    release: async () => {
      await Promise.all(tasks.map((task) => task.release()));
    },
  };
}

function dumpOf(
  { dumpDirectory: directory, dumpKeyFile: keyFile }: LedgerDeps,
  by: Omit<ConstructorParameters<typeof NightlyDump>[0], 'directory' | 'keyFile'>,
): NightlyDump | undefined {
  return directory === undefined || keyFile === undefined
    ? undefined
    : new NightlyDump({ ...by, directory, keyFile });
}
