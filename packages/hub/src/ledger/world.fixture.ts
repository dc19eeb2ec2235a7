import { createHash } from 'node:crypto';
import { GATES } from '@stoa/protocol';
import type { Hour } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Log } from '../log.ts';
import { LedgerBook } from './book.ts';
import { HourCloser } from './closer.ts';
import { HourStore } from './hour-store.ts';
import type {
  HourSource,
  NodeHourWords,
  NodeSpan,
  Payee,
  PayeeSource,
  Score,
  ScoreSource,
  SettledSink,
} from './sources.ts';

export const FIRST_HOUR = 493_000;
export const HOUR_MS = 3_600_000;

export function nodeName(i: number): string {
  return createHash('sha256').update(`node ${i}`).digest('hex');
}

export function accountName(i: number): string {
  return createHash('sha256').update(`account ${i}`).digest('hex').slice(0, 32);
}

/** A node's minutes of an hour. */
interface Told extends Partial<Pick<NodeHourWords, 'paid' | 'pending' | 'gap' | 'gapRecords'>> {}

/** What others know of hours, as a test tells it; and the ledger over it, on a clock of the test. */
export class LedgerWorld implements HourSource {
  now = FIRST_HOUR * HOUR_MS;
  readonly words = new Map<number, Map<string, NodeHourWords>>();
  /** Facts of an hour, the same for ever. */
  scoreOf: (hour: number, nodeId: string) => Score | undefined = () => ({ micro: 1_000_000, version: 1 });
  payeeOf: (hour: number, nodeId: string) => Payee | undefined = () => ({
    ...{ accountId: accountName(0), ownerId: '' },
  });
  readonly book: LedgerBook;
  readonly closer: HourCloser;
  /** Nodes in a page of the source. */
  page = 3;
  readonly #log: Pick<Log, 'info'> = { info: () => undefined };

  constructor(sql: Sql, sink?: SettledSink) {
    const clock = { now: () => this.now };
    this.book = new LedgerBook({ sql, clock });
    const within = <T>(fact: (hour: number, nodeId: string) => T | undefined) => ({
      within: async (hour: number, { first, last }: NodeSpan) => {
        const ids = [...(this.words.get(hour)?.keys() ?? [])].filter((id) => first <= id && id <= last);
        return new Map(ids.map((id) => [id, fact(hour, id)] as const).filter(hasFact));
      },
    });
    const scores: ScoreSource = within((hour, id) => this.scoreOf(hour, id));
    const payees: PayeeSource = within((hour, id) => this.payeeOf(hour, id));
    const store = new HourStore(sql);
    this.closer = new HourCloser({
      book: this.book,
      store,
      hours: this,
      scores,
      payees,
      sink,
      clock,
      log: this.#log,
    });
  }

  async *hours(
    hubHour: number,
    { after = '' }: { after?: string } = {},
  ): AsyncGenerator<readonly NodeHourWords[]> {
    const nodes = [...(this.words.get(hubHour)?.values() ?? [])]
      .filter(({ nodeId }) => nodeId > after)
      .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    for (let from = 0; from < nodes.length; from += this.page) yield nodes.slice(from, from + this.page);
  }

  /** The node's minutes of an hour, from now on. */
  tell(hubHour: number, nodeId: string, { paid = 0n, pending = 0n, gap = 0n, gapRecords = [] }: Told): void {
    let nodes = this.words.get(hubHour);
    if (nodes === undefined) {
      nodes = new Map();
      this.words.set(hubHour, nodes);
    }
    nodes.set(nodeId, {
      ...{ nodeId, hubHour, checkpoint: undefined, gapRecords },
      ...{ ...hourWith(paid, pending), gap },
    });
  }

  /** Time goes to so many minutes after the hour's end, and the closer ticks. */
  async after(hubHour: number, minutes: number): Promise<void> {
    this.now = (hubHour + 1) * HOUR_MS + minutes * 60_000;
    await this.closer.tick();
  }
}

/** Nothing failed but the warm-up. */
function hourWith(paid: bigint, pending: bigint): Hour {
  const supported = paid | pending;
  return {
    ...{ acknowledged: supported, supported, gap: 0n, unsupported: 0n, unjudged: 0n, paid, pending },
    failures: GATES.map((gate) => (gate === 'warm-up' ? pending : 0n)),
  };
}

function hasFact<T>(entry: readonly [string, T | undefined]): entry is readonly [string, T] {
  return entry[1] !== undefined;
}
