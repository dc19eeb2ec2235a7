import { setImmediate as nextTurn } from 'node:timers/promises';
import { splitFee, wordPoints } from '@stoa/protocol/stoicism';
import { type EconomicsStore, type Standing, standingAmong } from '#economics/index.ts';
import type { Holdings, OverviewStore } from '#ledger/index.ts';
import type { Clock } from '../clock.ts';
import { hubHourOf } from '../hub-hour.ts';
import { SettledDays } from './settled-days.ts';
import type { HourSource, ModeSource, PayeeSource, ScoreSource } from './sources.ts';
import type { EarningsStore, NodePlace, Obstacles } from './store.ts';
import { addSums, earnedIn, type KindSums, OWN_MINUTES, sumOf } from './sums.ts';

export interface ReaderDeps {
  readonly store: EarningsStore;
  readonly overview: Pick<OverviewStore, 'holdings'>;
  readonly hours: HourSource;
  readonly scores: ScoreSource;
  readonly payees: PayeeSource;
  readonly ledger: ModeSource;
  readonly peers: Pick<EconomicsStore, 'peers'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Of hours that the ledger has not closed; units of 1e-12 points. */
export interface SoFar {
  readonly paid: bigint;
  readonly waits: bigint;
}

/** How an owner stands now. */
export interface Now {
  readonly mode: 'shadow' | 'live';
  readonly holdings: Holdings;
  readonly obstacles: Obstacles;
  /** Of today by UTC, all nodes and accounts. */
  readonly written: KindSums;
  readonly open: SoFar;
  /** Hours of today that are not closed, ascending. */
  readonly openHours: readonly number[];
  readonly byNode: ReadonlyMap<string, { readonly written: KindSums; readonly open: SoFar }>;
}

export interface NodeRow {
  readonly nodeId: string;
  readonly label: string;
  readonly today: bigint;
  readonly yesterday: bigint;
  readonly pending: bigint;
  /** In whole 1e-6; undefined where it has none. */
  readonly score: number | undefined;
  /** Among nodes of its region and hardware, by minutes that are written; undefined: there are too few, or none of them yet. */
  readonly standing: Standing | undefined;
}

export interface DayRow {
  /** Whole days since 1970, UTC. */
  readonly day: number;
  readonly sums: KindSums;
}

export const PAGE_ROWS = 20;
const DAY_HOURS = 24;
const NODES_A_TURN = 2_000;
const NONE: SoFar = { paid: 0n, waits: 0n };
const NO_SUMS: KindSums = new Map();

/** What pages show of an owner's earnings. */
export class EarningsReader {
  readonly #deps: ReaderDeps;
  readonly #settled: SettledDays;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    this.#settled = new SettledDays(deps.store);
  }

  /** A page of an owner's nodes, by label. */
  async nodes(
    email: string,
    { byNode }: Pick<Now, 'byNode'>,
    after: NodePlace | undefined,
  ): Promise<{ rows: NodeRow[]; next: NodePlace | undefined }> {
    const { store, scores, peers } = this.#deps;
    const found = await store.nodes(email, after, PAGE_ROWS + 1);
    const nodes = found.slice(0, PAGE_ROWS);
    const ids = nodes.map(({ nodeId }) => nodeId);
    const hour = this.#hour();
    const today = hour - (hour % DAY_HOURS);
    const [yesterday, scored, like] = await Promise.all([
      store.byNode(email, ids, { from: today - DAY_HOURS, until: today }),
      scores.at(hour, ids),
      peers.peers(ids),
    ]);
    const rows = nodes.map((node) => {
      const { written, open } = byNode.get(node.nodeId) ?? { written: NO_SUMS, open: NONE };
      const before = yesterday.get(node.nodeId) ?? NO_SUMS;
      const among = like.get(node.nodeId);
      const day =
        among &&
        new Map([
          [today / DAY_HOURS, written],
          [today / DAY_HOURS - 1, before],
        ]).get(among.day);
      return {
        ...node,
        today: earnedIn(written) + open.paid + open.waits,
        yesterday: earnedIn(before),
        score: scored.get(node.nodeId)?.micro,
        standing: day && standingAmong(among!, sumOf(day, OWN_MINUTES)),
      };
    });
    return { rows, next: found.length > PAGE_ROWS ? nodes.at(-1) : undefined };
  }

  /**
   * Twenty days, the newest first, back to the first of which anything is written; one that earned nothing is a row too.
   * @param before a day; the page begins with the one before it.
   */
  async days(email: string, before?: number): Promise<{ rows: DayRow[]; next: number | undefined }> {
    const { store, ledger } = this.#deps;
    const today = Math.floor(this.#hour() / DAY_HOURS);
    const [written, head] = await Promise.all([store.firstDay(email), ledger.head()]);
    if (written === undefined) return { rows: [], next: undefined };
    const since = head.resetSequence > 0 ? head.firstHour : 0;
    const first = Math.max(written, Math.floor(since / DAY_HOURS));
    const end = Math.min(before ?? today + 1, today + 1);
    const from = Math.max(first, end - PAGE_ROWS);
    const sums = await this.#settled.read(email, { since, from, until: end });
    const rows = Array.from({ length: Math.max(0, end - from) }, (_, i) => end - 1 - i).map((day) => ({
      day,
      sums: sums.get(day) ?? NO_SUMS,
    }));
    return { rows, next: from > first ? from : undefined };
  }

  async now(email: string): Promise<Now> {
    const { store, overview, ledger } = this.#deps;
    const hour = this.#hour();
    const { mode, firstHour, resetSequence } = await ledger.head();
    const from = Math.max(hour - (hour % DAY_HOURS), resetSequence > 0 ? firstHour : 0);
    const [holdings, obstacles, { written, open }] = await Promise.all([
      overview.holdings(email),
      store.obstacles(email, hour),
      store.standing(email, { from, current: hour }),
    ]);
    const openHours = [...open.keys()].sort((a, b) => a - b);
    const soFar = await this.#soFar(email, open);
    const ids = new Set([...written.keys(), ...soFar.keys()]);
    const byNode = new Map(
      [...ids].map((id) => [id, { written: written.get(id) ?? NO_SUMS, open: soFar.get(id) ?? NONE }]),
    );
    return {
      ...{ mode, holdings, obstacles, openHours, byNode },
      written: addSums([...written.values()]),
      open: [...soFar.values()].reduce(addSoFar, NONE),
    };
  }

  /** What the gates saw in hours that are still to be closed, less the fees of tunnels. */
  async #soFar(
    email: string,
    open: ReadonlyMap<number, readonly { readonly nodeId: string }[]>,
  ): Promise<Map<string, SoFar>> {
    const { store, hours, scores, payees } = this.#deps;
    const sums = new Map<string, SoFar>();
    const ownerId = await store.ownerId(email);
    for (const { hour, ids } of pagesOf(open)) {
      const [words, scored, paid] = await Promise.all([
        hours.soFar(hour, ids),
        scores.at(hour, ids),
        payees.at(hour, ids),
      ]);
      for (const { nodeId, paid: minutes, pending } of words) {
        const micro = scored.get(nodeId)?.micro;
        const payee = paid.get(nodeId);
        // An hour is of who owned the node in it.
        if (micro === undefined || payee === undefined || payee.ownerId !== ownerId) continue;
        const rest = (word: bigint) => splitFee(wordPoints(word, micro), payee.tunnel?.permille1 ?? 0).rest;
        const earned = { paid: rest(minutes), waits: rest(pending) };
        sums.set(nodeId, addSoFar(sums.get(nodeId) ?? NONE, earned));
      }
      await nextTurn();
    }
    return sums;
  }

  #hour(): number {
    return hubHourOf(this.#deps.clock.now());
  }
}

/** Today's points, written and still open. */
export function todayOf({ written, open }: Pick<Now, 'written' | 'open'>): bigint {
  return earnedIn(written) + open.paid + open.waits;
}

/** Agents are free to enrol: one owner's are looked at in pieces that no frame has to wait for. */
function* pagesOf(
  open: ReadonlyMap<number, readonly { readonly nodeId: string }[]>,
): Generator<{ hour: number; ids: readonly string[] }> {
  for (const [hour, nodes] of open)
    for (let from = 0; from < nodes.length; from += NODES_A_TURN)
      yield { hour, ids: nodes.slice(from, from + NODES_A_TURN).map(({ nodeId }) => nodeId) };
}

function addSoFar(a: SoFar, b: SoFar): SoFar {
  return { paid: a.paid + b.paid, waits: a.waits + b.waits };
}
