import { type Random, toHex } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { GatedSession } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { AuditExchange, Told } from './audit-exchange.ts';
import { type ClusterName, Clusters } from './clusters.ts';
import { LEAST_ANSWERS, paceOf } from './pace.ts';
import type { PayloadPool } from './payload-pool.ts';
import type { AuditRound, RoundAnswer, RoundStore } from './round-store.ts';

/** Payloads a challenge: enough work to see, little enough to ask for. */
const PAYLOADS = 48;
/** Nodes of a cluster that are asked at once. */
const MOST_NODES = 32;
/** Of one cluster, from one round to the next; with the agents' own bound of 48 challenges a day. */
const APART_MS = 3 * 3_600_000;
/** How long what a node takes alone is taken for what it takes. */
const MEASURED_MS = 24 * 3_600_000;
const ROUND_TRIP_MS = 5_000;
const LONGEST_MS = 10_000;

/** What a node takes by itself, ms. */
interface Usual {
  readonly at: number;
  readonly rttMs: number;
  /** Beyond the round trip. */
  readonly aloneMs: number;
}

export interface AuditDeskDeps {
  readonly exchange: AuditExchange;
  readonly pool: Pick<PayloadPool, 'refresh' | 'draw'>;
  readonly rounds: RoundStore;
  /** Told of each round that came to its end. */
  readonly onRound: (round: AuditRound) => Promise<void>;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Concurrent audits: now and then a cluster is drawn, and all of its nodes are asked in the same moment, each for payloads of its
 * own, so that neither one answer nor one read serves two. Before that each is asked alone, for its round trip and for what its
 * machine takes: the times are held against these, and the deadline comes from them. One act at a time.
 */
export class AuditDesk implements Task {
  readonly name = 'audits';
  readonly periodMs = 30_000;
  readonly #deps: AuditDeskDeps;
  readonly #clusters: Clusters;
  readonly #usual = new Map<string, Usual>();
  readonly #dueAt = new Map<ClusterName, number>();
  #underWay: Promise<void> | undefined;

  constructor(deps: AuditDeskDeps) {
    this.#deps = deps;
    this.#clusters = new Clusters(deps.random);
  }

  opened(session: GatedSession): void {
    this.#clusters.add(session);
  }

  ended(session: GatedSession): void {
    this.#clusters.remove(session);
    this.#deps.exchange.ended(session.node.nodeId);
  }

  /** Begins the next act; `underWay` is its end. */
  tick(): void {
    this.#underWay ??= this.#act()
      .catch((err: unknown) => this.#deps.log.warn({ err }, 'an audit could not be made'))
      .finally(() => {
        this.#underWay = undefined;
      });
  }

  get underWay(): Promise<void> {
    return this.#underWay ?? Promise.resolve();
  }

  async #act(): Promise<void> {
    const { clock, pool } = this.#deps;
    const now = clock.now();
    for (const [name, at] of this.#dueAt) if (at <= now) this.#dueAt.delete(name);
    const drawn = this.#clusters.draw((name) => !this.#dueAt.has(name), MOST_NODES);
    if (drawn === undefined) return;
    // Nobody is audited, so nothing is fetched.
    await pool.refresh();
    const unknown = drawn.sessions.find(({ node }) => !this.#isKnown(node.nodeId, now));
    if (unknown !== undefined) await this.#measure(unknown);
    else await this.#round(drawn.name, drawn.sessions);
  }

  #isKnown(nodeId: string, now: number): boolean {
    const usual = this.#usual.get(nodeId);
    return usual !== undefined && now - usual.at < MEASURED_MS;
  }

  /** Alone: of its cluster nobody else is asked meanwhile. One that can't answer is measured as that, and asked again in a day. */
  async #measure(session: GatedSession): Promise<void> {
    const { clock, exchange, pool } = this.#deps;
    const payloads = pool.draw(PAYLOADS);
    if (payloads === undefined) return;
    const trip = await exchange.ask(session, [], ROUND_TRIP_MS);
    const work = await exchange.ask(session, payloads, LONGEST_MS);
    const canAnswer = trip.result === 'answered' && work.result === 'answered';
    this.#usual.set(session.node.nodeId, {
      at: clock.now(),
      rttMs: trip.ms,
      aloneMs: canAnswer ? Math.max(0, work.ms - trip.ms) : Number.NaN,
    });
  }

  async #round(cluster: ClusterName, sessions: readonly GatedSession[]): Promise<void> {
    const { clock, random, pool, exchange, rounds, onRound, instanceId } = this.#deps;
    this.#dueAt.set(cluster, clock.now() + APART_MS * (1 + random(1)[0]! / 256));
    const able = sessions.flatMap((session) => {
      const usual = this.#usual.get(session.node.nodeId)!;
      const payloads = Number.isNaN(usual.aloneMs) ? undefined : pool.draw(PAYLOADS);
      return payloads === undefined ? [] : [{ session, usual, payloads }];
    });
    if (able.length < LEAST_ANSWERS) return;
    const at = clock.now();
    const told = await Promise.all(
      able.map(({ session, payloads }) => exchange.ask(session, payloads, LONGEST_MS)),
    );
    const answers = able.map(({ session, usual }, i) => answerOf(session, usual, told[i]!));
    const timings = answers.filter(({ result }) => result === 'answered');
    const round = { roundId: toHex(random(8)), at, instanceId, cluster, pace: paceOf(timings), answers };
    await rounds.add(round);
    await onRound(round);
  }
}

function answerOf({ node }: GatedSession, { rttMs, aloneMs }: Usual, told: Told): RoundAnswer {
  const deadlineMs = Math.min(LONGEST_MS, 2 * rttMs + 4 * aloneMs + 250);
  return {
    ...{ nodeId: node.nodeId, result: told.result, rttMs, aloneMs, deadlineMs },
    togetherMs: Math.max(0, told.ms - rttMs),
    isLate: told.ms > deadlineMs,
    sealed: told.sealed === undefined ? '' : Buffer.from(told.sealed).toString('base64'),
  };
}
