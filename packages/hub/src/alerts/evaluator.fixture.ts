import { createHash } from 'node:crypto';
import { Liveness } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { Lease } from '../leases/index.ts';
import { createLog } from '../log.ts';
import { Evaluator, type EvaluatorDeps } from './evaluator.ts';
import { Freezes, type FrozenNodes } from './freezes.ts';
import type { Message } from './message.ts';

export const MINUTE = 60_000;
export const START = Date.UTC(2026, 10, 25, 18);

export interface Told {
  readonly at: number;
  readonly owner: string;
  readonly channel: string;
  readonly message: Message;
}

/** Time moves by hand; what was to happen until then does. */
export class HandClock implements Clock {
  time: number = START;
  readonly #timers = new Set<{ at: number; task: () => void }>();

  now = (): number => this.time;

  after = (delayMs: number, task: () => void): (() => void) => {
    const timer = { at: this.time + delayMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  forward(ms: number): void {
    this.time += ms;
    for (const timer of this.#timers) if (timer.at <= this.time && this.#timers.delete(timer)) timer.task();
  }
}

/** A region's database with an hour hand; tables of alerts and nodes are empty at each start. */
export class AlertWorld {
  readonly sql: Sql;
  readonly clock: HandClock = new HandClock();
  readonly liveness: Liveness;
  frozen: FrozenNodes | undefined;

  constructor(sql: Sql) {
    this.sql = sql;
    this.liveness = new Liveness({ clock: this.clock });
  }

  static async start(sql: Sql): Promise<AlertWorld> {
    await sql`truncate leases, region_freezes, alert_watch, disk_trends, alert_states, alerts, alert_rules,
      alert_silences, alert_channels, alert_deliveries, node_status, nodes cascade`;
    return new AlertWorld(sql);
  }

  evaluator(over: Partial<EvaluatorDeps> & { instance?: string; sql?: Sql } = {}): Evaluator {
    const { sql, clock, liveness } = this;
    const { instance = 'hub-1', ...deps } = over;
    return new Evaluator({
      sql,
      clock,
      log: createLog({ level: 'silent' }),
      lease: new Lease({ sql, clock, name: 'alerts', holder: instance }),
      freezes: new Freezes({ sql, instanceId: instance, liveness, mass: () => this.frozen }),
      language: { problem: () => undefined, condition: (held, text) => held`n.label like ${text}` },
      admins: async () => ['admin@stoa.example'],
      expiries: () => [],
      endingKeys: async () => [],
      haltedRollouts: async () => [],
      ...deps,
    });
  }

  /** Healthy ones, heard from just now, or when `heard` says. @returns their ids. */
  async addNodes(
    count: number,
    {
      owner = 'owner@stoa.example',
      prefix = 'node',
      heard = this.clock.time,
    }: { owner?: string; prefix?: string; heard?: number } = {},
  ): Promise<string[]> {
    const { sql } = this;
    const labels = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
    const ids = labels.map((label) => createHash('sha256').update(`${owner} ${label}`).digest('hex'));
    await sql`
      insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select id, label, ${owner}, 'eu', '\\x00'::bytea, '\\x00'::bytea, ${new Date(START - 60 * MINUTE)}
      from unnest(${ids}::text[], ${labels}::text[]) as t(id, label)`;
    await sql`
      insert into node_status (node_id, epoch, last_seen, tips, lag, chainweb, at_tip_at)
      select id, 1, ${new Date(heard)}, decode(repeat('00', 400), 'hex'), 0, 'up', ${new Date(heard)}
      from unnest(${ids}::text[]) as t(id)`;
    return ids;
  }

  /** A heartbeat of each, at the tip. */
  async beat(nodeIds?: readonly string[]): Promise<void> {
    const { sql } = this;
    const now = new Date(this.clock.time);
    await sql`update node_status set last_seen = ${now}, at_tip_at = ${now}
      where ${nodeIds === undefined ? sql`true` : sql`node_id = any(${[...nodeIds]}::text[])`}`;
  }

  /** Minutes pass, tick by tick; the nodes named beat all along. */
  async pass(minutes: number, evaluator: Evaluator, beating: readonly string[] = []): Promise<void> {
    for (let half = 0; half < minutes * 2; half += 1) {
      this.clock.time += MINUTE / 2;
      if (beating.length > 0) await this.beat(beating);
      await evaluator.tick();
    }
  }

  async told(): Promise<Told[]> {
    const rows = await this.sql<{ owner: string; channel_id: string; body: Message }[]>`
      select owner, channel_id, body from alert_deliveries order by seq`;
    return rows.map((row) => ({
      at: row.body.at,
      owner: row.owner,
      channel: row.channel_id,
      message: row.body,
    }));
  }

  /** What was told, each as `minute owner notice rule`, grouped ones with their counts. */
  async tale(): Promise<string[]> {
    return (await this.told()).map(({ at, owner, message }) => {
      const what = Object.entries(message.counts).map(([key, count]) =>
        count === 1 ? key : `${count} ${key}`,
      );
      return `${(at - START) / MINUTE} ${owner.split('@')[0]} ${what.join(' + ')}`;
    });
  }
}
