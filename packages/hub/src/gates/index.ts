import type { CryptoSuite, HubParty, Random } from '@stoa/protocol';
import { TIP_WITHIN } from '@stoa/protocol/stoicism';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { AuditLog } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import type { GateFrames } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { Corroboration, VerifiedSet } from '../tips/index.ts';
import { type Book, BookReader } from './books.ts';
import { CheckpointSample } from './checkpoint-sample.ts';
import { DialBackDesk, type SharedCertificate } from './dial-back/dial-back-desk.ts';
import { DialBackStore } from './dial-back/dial-back-store.ts';
import { GapKeeper } from './gap-keeper.ts';
import { GapCheck } from './gap-seal.ts';
import { GapStore } from './gap-store.ts';
import { gateFrames } from './gate-frames.ts';
import { GateTable } from './gate-table.ts';
import { type GateSource, GateTicker } from './gate-ticker.ts';
import { HourRoots } from './hour-roots.ts';
import { HourStore } from './hour-store.ts';
import { HourTrust } from './hour-trust.ts';
import { Hours } from './hours.ts';
import { RootCheck } from './root-check.ts';
import { RootStore } from './root-store.ts';
import { WordStore } from './word-store.ts';

export type { Book } from './books.ts';
export type { SharedCertificate } from './dial-back/dial-back-desk.ts';
export { GapDesk } from './gap-desk.ts';
export { GapDocuments } from './gap-documents.ts';
export type { GapRecord } from './gap-store.ts';
export { type GateState, GateTable, type GateWord } from './gate-table.ts';
export { HourReader } from './hour-reader.ts';
export { hourReport, type InstanceHour } from './hour-report.ts';
export type { Refusal } from './hour-trust.ts';
export { type Judgement, judge } from './judge.ts';
export type { NodeHour, NodeHours } from './node-hour.ts';
export { GatePanel } from './panel.tsx';
export { type HourFault, RootCheck } from './root-check.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Minutes: a node that was not judged for longer has no say about others. */
const JUDGED_WITHIN = 15;

export interface GatesDeps {
  readonly sql: Sql;
  readonly instanceId: string;
  readonly region: string;
  readonly party: () => HubParty;
  readonly set: Pick<VerifiedSet, 'lag'>;
  readonly corroboration: Pick<Corroboration, 'heads'>;
  /** Gate 1 is closed for every node where there is none, and so is gate 2. */
  readonly accounts: Book<unknown, number> | undefined;
  readonly scores: Book<{ readonly micro: number; readonly committedGb: number }, bigint> | undefined;
  /** Since when many nodes are silent together, while they are. */
  readonly massSince: () => number | undefined;
  /** Nodes whose chainweb is stopped for a benchmark now. */
  readonly benchmarking: () => Promise<readonly string[]>;
  /** What may be dialled: the public internet, and what the region allows besides. */
  readonly allows: (address: string) => boolean;
  /** Nodes of one address that gate 7 lets through. */
  readonly mostPerAddress: number;
  readonly onShared: (shared: SharedCertificate) => Promise<void>;
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly log: Log;
}

/** The seven gates of Stoicism: who earns in which minute, and why not. */
export interface Gates {
  readonly frames: Omit<GateFrames, 'auditResponse'>;
  readonly hours: Hours;
  readonly roots: HourRoots;
  readonly check: RootCheck;
  readonly trust: HourTrust;
  readonly gaps: GapStore;
  readonly dialBacks: {
    /** `hash` of the sealed report of each node's last look, where none came after the hour. */
    reports(
      tx: TransactionSql,
      hubHour: number,
      span: { readonly first: string; readonly last: string },
    ): Promise<ReadonlyMap<string, Uint8Array>>;
  };
  readonly ticker: GateTicker;
  readonly tasks: readonly Task[];
  /** Before any node is let in. */
  start(): Promise<void>;
  /** After the last session has ended. */
  close(): Promise<void>;
}

export function createGates(deps: GatesDeps): Gates {
  const { sql, instanceId, clock, log, set, corroboration, heartbeatMs } = deps;
  const table = new GateTable();
  const words = new WordStore(sql, instanceId);
  const gapStore = new GapStore(sql);
  const gaps = new GapKeeper({ store: gapStore, words, instanceId, party: deps.party, clock, log });
  const looks = new DialBackStore(sql);
  const dialBacks = new DialBackDesk({
    ...deps,
    store: looks,
    failing: (nodeId) => table.failing(nodeId, Math.floor(clock.now() / MINUTE_MS) - JUDGED_WITHIN),
    onServed(nodeId, until) {
      const slot = table.slotOf(nodeId);
      if (slot !== undefined) table.columns.servedUntil[slot] = until;
    },
  });
  const ticker = new GateTicker({
    ...{ table, words, gaps, heartbeatMs, instanceId, clock, log },
    sources: [
      bookSource(table, deps.accounts, (nodeId, account) => {
        const slot = table.slotOf(nodeId);
        if (slot !== undefined) table.know(slot, 'account', account !== undefined);
      }),
      bookSource(table, deps.scores, (nodeId, score) => table.scored(nodeId, score)),
      dialBacks,
      { follow: async () => table.benchmarked(await deps.benchmarking()) },
    ],
    isNear(tip) {
      const [standing] = set.lag([tip], corroboration.heads());
      return standing !== undefined && standing.lag !== null && standing.lag <= TIP_WITHIN;
    },
    massSince: deps.massSince,
  });
  const rootStore = new RootStore(sql);
  const root = () => deps.party().chain.root;
  const check = new RootCheck({ ...deps, roots: rootStore, words, root });
  const roots = new HourRoots({
    ...deps,
    roots: rootStore,
    check,
    settledThrough: () => ticker.settledThrough,
  });
  const store = new HourStore(deps);
  const trust = new HourTrust({
    ...{ ...deps, store, roots: rootStore, words, check, audit: new AuditLog(deps) },
    gaps: new GapCheck({ store: gapStore, words, check }),
    checkpoints: new CheckpointSample({ ...deps, store }),
  });
  return {
    frames: gateFrames(table, dialBacks),
    hours: new Hours({ ...deps, store, gaps: gapStore, trust }),
    ...{ roots, check, trust },
    gaps: gapStore,
    dialBacks: {
      reports: (tx, hubHour, span) => looks.reports(tx, span, new Date((hubHour + 1) * HOUR_MS)),
    },
    ticker,
    tasks: [
      ticker,
      dialBacks,
      roots,
      trust,
      {
        name: 'gate-words-keeper',
        periodMs: HOUR_MS,
        tick: () => words.forgetBefore(Math.floor(clock.now() / HOUR_MS)),
      },
    ],
    start: () => gaps.restarted(),
    close: () => ticker.close(),
  };
}

/** Without a book nothing is known, so its gate stays closed. */
function bookSource<Entry, Cursor>(
  table: GateTable,
  book: Book<Entry, Cursor> | undefined,
  know: (nodeId: string, entry: Entry | undefined) => void,
): GateSource {
  const isHere = (nodeId: string) => table.slotOf(nodeId) !== undefined;
  const reader = book && new BookReader({ book, isHere });
  return {
    follow: async (hubHour, fresh) => reader?.follow(hubHour, fresh, know),
  };
}
