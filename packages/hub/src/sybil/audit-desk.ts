import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Random, toHex } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { GatedSession } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { AuditExchange, Question, Told } from './audit-exchange.ts';
import { type ClusterName, Clusters, type DrawnCluster } from './clusters.ts';
import { LEAST_ANSWERS, paceOf } from './pace.ts';
import type { PayloadPool } from './payload-pool.ts';
import type { AuditRound, RoundAnswer, RoundStore } from './round-store.ts';
import { type Usual, UsualTimes } from './usual-times.ts';

/** Payloads a challenge: enough work to see, little enough to ask for. */
const PAYLOADS = 48;
/** Nodes of a cluster that are asked at once. */
const MOST_NODES = 32;
/** Of one cluster, from one round to the next; with the agents' own bound of 48 challenges a day. */
const APART_MS = 3 * 3_600_000;
const ROUND_TRIP_MS = 5_000;
const LONGEST_MS = 10_000;
/** Clusters that are audited at the same time, and begun in a period: what it may cost the hub and its chainweb. */
const PARALLEL = 8;
const A_PERIOD = 64;
const NONE: ReadonlySet<string> = new Set();

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
 * own, so that neither one answer nor one read serves two. Before that each is asked alone, one after another, for its round trip
 * and for what its machine takes: the times are held against these, and the deadline comes from them. Several clusters at a time,
 * never two of one network.
 */
export class AuditDesk implements Task {
  readonly name = 'audits';
  readonly periodMs = 30_000;
  readonly #deps: AuditDeskDeps;
  readonly #clusters: Clusters;
  readonly #usual = new UsualTimes();
  readonly #dueAt = new Map<ClusterName, number>();
  /** Nodes of a cluster that looked like one machine: the same are asked again, though it may have more than are asked at once. */
  readonly #again = new Map<ClusterName, ReadonlySet<string>>();
  /** Networks that are being audited. */
  readonly #busy = new Set<string>();
  /** Acts that this period has left, and places that are taken. */
  #left = 0;
  #taken = 0;
  #refreshing: Promise<void> | undefined;
  readonly #underWay = new Set<Promise<void>>();

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

  /** Begins the acts of this period; what is under way goes on in its places. */
  tick(): void {
    this.#left = A_PERIOD;
    const acts = this.#acts()
      .catch((err: unknown) => this.#deps.log.warn({ err }, 'audits could not be made'))
      .finally(() => this.#underWay.delete(acts));
    this.#underWay.add(acts);
  }

  /** The end of all that was begun. */
  async underWay(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #acts(): Promise<void> {
    const { clock, pool } = this.#deps;
    const now = clock.now();
    for (const [name, at] of this.#dueAt) if (at <= now) this.#dueAt.delete(name);
    this.#usual.forgetBefore(now);
    // Nobody is audited, so nothing is fetched.
    if (!this.#clusters.isAny(this.#isFree)) return;
    this.#refreshing ??= pool.refresh().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
    // A young pool: no cluster is spent on it.
    if (pool.draw(PAYLOADS) === undefined) return;
    await Promise.all(Array.from({ length: PARALLEL - this.#taken }, () => this.#place()));
  }

  readonly #isFree = (name: ClusterName, site: string): boolean =>
    !this.#dueAt.has(name) && !this.#busy.has(site);

  /** One cluster after another, until none is due or the period has had its acts. */
  async #place(): Promise<void> {
    this.#taken += 1;
    for (let drawn = this.#draw(); drawn !== undefined; drawn = this.#draw())
      try {
        await this.#act(drawn);
      } catch (err) {
        this.#deps.log.warn({ err, cluster: drawn.name }, 'an audit could not be made');
      } finally {
        this.#busy.delete(drawn.site);
      }
    this.#taken -= 1;
  }

  #draw(): DrawnCluster | undefined {
    const { clock, random } = this.#deps;
    const drawn =
      this.#left === 0
        ? undefined
        : this.#clusters.draw(this.#isFree, MOST_NODES, (name) => this.#again.get(name) ?? NONE);
    if (drawn === undefined) return undefined;
    this.#left -= 1;
    this.#busy.add(drawn.site);
    this.#dueAt.set(drawn.name, clock.now() + APART_MS * (1 + random(1)[0]! / 256));
    return drawn;
  }

  async #act(drawn: DrawnCluster): Promise<void> {
    for (const session of drawn.sessions)
      if (!this.#usual.isKnown(session.node.nodeId, this.#deps.clock.now()))
        await this.#measure(drawn.name, session);
    await this.#round(drawn);
  }

  /** Alone: of its network nobody else is asked meanwhile. One that can't answer is measured as that, and asked again in a day. */
  async #measure(cluster: ClusterName, session: GatedSession): Promise<void> {
    const { clock, exchange, pool } = this.#deps;
    const payloads = pool.draw(PAYLOADS);
    if (payloads === undefined) return;
    const { nodeId } = session.node;
    const work = exchange.prepare(session, payloads);
    const trip = await exchange.ask(exchange.prepare(session, []), ROUND_TRIP_MS);
    if (trip.result !== 'answered') return this.#usual.unable(nodeId, clock.now());
    const told = await exchange.ask(work, LONGEST_MS);
    if (told.result === 'answered') return this.#usual.alone(nodeId, clock.now(), trip.ms, told.ms);
    this.#usual.unable(nodeId, clock.now());
    if (told.result !== 'wrong') return;
    const alone = { rttMs: trip.ms, aloneMs: Math.max(0, told.ms - trip.ms) };
    await this.#keep({
      cluster,
      at: clock.now(),
      pace: 'unclear',
      answers: [answerOf(session, alone, told)],
    });
  }

  async #round({ name: cluster, sessions }: DrawnCluster): Promise<void> {
    const { clock, pool, exchange } = this.#deps;
    const able: { usual: Usual; question: Question }[] = [];
    for (const session of sessions) {
      const usual = this.#usual.of(session.node.nodeId);
      const payloads = usual && pool.draw(PAYLOADS);
      if (payloads === undefined) continue;
      able.push({ usual: usual!, question: exchange.prepare(session, payloads) });
      // Answers of other clusters are timed meanwhile.
      await nextTurn();
    }
    if (able.length < LEAST_ANSWERS) return;
    const at = clock.now();
    const told = await Promise.all(able.map(({ question }) => exchange.ask(question, LONGEST_MS)));
    const answers = able.map(({ question, usual }, i) => answerOf(question.session, usual, told[i]!));
    const timings = answers.filter(({ result }) => result === 'answered');
    for (const { nodeId, togetherMs, rttMs } of timings) this.#usual.together(nodeId, at, togetherMs + rttMs);
    const pace = paceOf(timings);
    if (pace === 'in-turn' || pace === 'shared')
      this.#again.set(cluster, new Set(timings.map(({ nodeId }) => nodeId)));
    else if (pace === 'apart') this.#again.delete(cluster);
    await this.#keep({ cluster, at, pace, answers });
  }

  async #keep(told: Omit<AuditRound, 'roundId' | 'instanceId'>): Promise<void> {
    const { random, rounds, onRound, instanceId } = this.#deps;
    const round = { roundId: toHex(random(8)), instanceId, ...told };
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
