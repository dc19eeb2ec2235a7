import type { Clock, DbAdapter, Hub } from '@stoa/hub';
import { HourReader } from '@stoa/hub/gates';
import { createLedgerTools, type LedgerTools } from '@stoa/hub/ledger';
import { Scores } from '@stoa/hub/scores';
import { GATES } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { countMinutes, formatPoints, wordPoints } from '@stoa/protocol/stoicism';
import { FLAGS, type FlagName } from '../test/world/flags.ts';
import { quantile } from './bench/result.ts';

/** A flag that was switched off, and when, ms since 1970. */
export interface Switched {
  readonly node: string;
  readonly nodeId: string;
  readonly flag: FlagName;
  readonly from: number;
  readonly until: number;
}

export interface DemoReport {
  readonly nodes: number;
  readonly hoursClosed: number;
  readonly events: number;
  /** Everything that is banked or waits. */
  readonly points: string;
  /** Median CPU of the hub while the gates of all nodes were judged once. */
  readonly gateTickCpuMs: number;
  /** Real time of a closing with the passes that were due by then, p95. */
  readonly closesP95Ms: number;
  /** Real seconds that an hour took, median; null before the second. */
  readonly hourTookS: number | null;
  readonly flags: readonly FlagCost[];
}

export interface FlagCost {
  readonly node: string;
  readonly gate: string;
  /** When it was switched off, UTC. */
  readonly off: string;
  /** Of the hours that are closed: minutes in which the gate was closed, and what they would have earned. */
  readonly minutes: number;
  readonly cost: string;
}

export interface DemoHoursOptions {
  readonly hub: Hub;
  readonly database: DbAdapter;
  readonly clock: Clock;
  readonly nodes: number;
  readonly say: (line: string) => void;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A closing is due a quarter of an hour after the hour's end; by then this has asked for it. */
const CLOSED_MS = HOUR_MS + 15 * MINUTE_MS;
/** A tick of the gates is looked at so often. */
const LOOK_MS = 10 * MINUTE_MS;

/** Watches the ledger close hour after hour, and tells what flags have cost. */
export class DemoHours {
  readonly #options: DemoHoursOptions;
  readonly #ledger: LedgerTools;
  readonly #hours: HourReader;
  readonly #scores: Scores;
  readonly #tookMs: number[] = [];
  readonly #tickCpuMs: number[] = [];
  readonly #hourTookS: number[] = [];
  readonly #switched: Switched[] = [];
  readonly #told = new Set<number>();
  readonly #each: (() => Promise<void>)[] = [];
  #waiting: { hours: number; resolve: () => void } | undefined;
  #realMs = performance.now();

  constructor(options: DemoHoursOptions) {
    const { database, clock } = options;
    this.#options = options;
    this.#ledger = createLedgerTools({ sql: database.sql, clock });
    this.#hours = new HourReader({ sql: database.sql, crypto: nodeCrypto });
    this.#scores = new Scores(database.sql);
  }

  /** @param failed told what went wrong in a task of the hub. */
  start(failed: (error: unknown) => void): void {
    const { clock } = this.#options;
    const every = (atMs: number, periodMs: number, task: () => Promise<void>): void => {
      clock.after(atMs - clock.now(), () => {
        every(atMs + periodMs, periodMs, task);
        task().catch(failed);
      });
    };
    const now = clock.now();
    every(Math.floor((now - CLOSED_MS) / HOUR_MS + 1) * HOUR_MS + CLOSED_MS, HOUR_MS, () => this.#close());
    every(Math.ceil(now / LOOK_MS) * LOOK_MS + 1, LOOK_MS, () => this.#look());
  }

  noteSwitched(switched: Switched): void {
    this.#switched.push(switched);
  }

  /** Done after each closing. */
  each(task: () => Promise<void>): void {
    this.#each.push(task);
  }

  /** Resolves once so many hours are closed. */
  closed(hours: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { hours, resolve };
    });
  }

  async report(): Promise<DemoReport> {
    const [{ sequence }, totals] = await Promise.all([
      this.#ledger.book.head(),
      this.#ledger.overview.totals(),
    ]);
    const { pending, current, minting, redeemed } = totals;
    return {
      ...{ nodes: this.#options.nodes, hoursClosed: this.#told.size, events: sequence },
      points: formatPoints(pending + current + minting + redeemed),
      gateTickCpuMs: Math.round(quantile(sorted(this.#tickCpuMs), 0.5) * 10) / 10,
      closesP95Ms: Math.round(quantile(sorted(this.#tookMs), 0.95)),
      hourTookS: this.#hourTookS.length === 0 ? null : Math.round(quantile(sorted(this.#hourTookS), 0.5)),
      flags: await Promise.all(this.#switched.map((one) => this.#cost(one))),
    };
  }

  async #close(): Promise<void> {
    const { hub, clock, say } = this.#options;
    const began = performance.now();
    await hub.tickers.run('ledger-close');
    const took = performance.now() - began;
    const [last] = (await this.#ledger.overview.hours(3)).filter(({ closedAt }) => closedAt !== undefined);
    if (last === undefined || this.#told.has(last.hour)) return;
    this.#tookMs.push(took);
    this.#told.add(last.hour);
    const realS = (began - this.#realMs) / 1_000;
    this.#realMs = began;
    if (this.#told.size > 1) this.#hourTookS.push(realS);
    const pace =
      this.#told.size > 1
        ? `; an hour took ${Math.round(realS)} s, ${Math.round(HOUR_MS / 1_000 / realS)} times as fast`
        : '';
    say(
      `${timeOf(clock.now())} hour ${timeOf(last.hour * HOUR_MS)} closed: ${last.nodes} nodes, ${last.events} events, ${formatPoints(last.accrued)} points, ${formatPoints(last.pending)} in warm-up; in ${Math.round(took)} ms${pace}`,
    );
    for (const one of this.#switched)
      if (one.from < (last.hour + 1) * HOUR_MS && one.until >= last.hour * HOUR_MS) await this.#tell(one);
    for (const task of this.#each) await task();
    if (this.#waiting !== undefined && this.#told.size >= this.#waiting.hours) this.#waiting.resolve();
  }

  async #look(): Promise<void> {
    const before = process.cpuUsage();
    await this.#options.hub.tickers.run('gates');
    const { user, system } = process.cpuUsage(before);
    this.#tickCpuMs.push((user + system) / 1_000);
  }

  async #tell(switched: Switched): Promise<void> {
    const { gate, minutes, cost } = await this.#cost(switched);
    const { hub, say } = this.#options;
    say(
      `      ${switched.node}: gate ${gate} was closed for ${minutes} minutes, which cost ${cost} points: ${hub.url.origin}/nodes/${switched.nodeId}/earnings`,
    );
  }

  async #cost({ node, nodeId, flag, from, until }: Switched): Promise<FlagCost> {
    const { gate } = FLAGS[flag];
    const hours = { from: Math.floor(from / HOUR_MS), until: Math.floor(until / HOUR_MS) + 2 };
    const [words, scores] = await Promise.all([
      this.#hours.span(nodeId, hours),
      this.#scores.over(nodeId, hours),
    ]);
    let [minutes, cost] = [0, 0n];
    for (const { hubHour, failures } of words) {
      const failed = failures[GATES.indexOf(gate)]!;
      minutes += countMinutes(failed);
      cost += wordPoints(failed, scores.get(hubHour)?.micro ?? 0);
    }
    return { node, gate, off: new Date(from).toISOString(), minutes, cost: formatPoints(cost) };
  }
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

/** `18:42`, UTC. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}
