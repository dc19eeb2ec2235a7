import { type Random, toHex } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { LedTask } from '../leases/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { HourCloser } from './closer.ts';
import { HourStore } from './hour-store.ts';
import { NightlyDump } from './nightly-dump.ts';
import type { HourSource, PayeeSource, ScoreSource, SettledSink } from './sources.ts';
import { createLedgerTools, type LedgerTools } from './tools.ts';

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
export { createLedgerTools, type LedgerTools } from './tools.ts';

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
