import type { NodeAccess } from '#accounts/index.ts';
import type { Evidence } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type Audience, EVERYTHING } from '../viewer.ts';
import { headline, type Message } from './message.ts';
import type { Fragment } from './rule-sql.ts';
import { REGION_OWNER } from './settings.ts';

export interface AlertFilter {
  readonly rule: string | undefined;
  /** Part of a label. */
  readonly text: string;
}

export interface OpenAlert {
  readonly owner: string;
  readonly rule: string;
  readonly subject: string;
  readonly label: string;
  readonly since: number;
  readonly silent: boolean;
  readonly told: boolean;
  readonly clearing: boolean;
  readonly evidence: readonly Evidence[];
}

export interface PastChange {
  readonly id: number;
  readonly at: number;
  readonly owner: string;
  readonly rule: string;
  readonly subject: string;
  readonly label: string;
  readonly change: 'firing' | 'recovered' | 'closed';
  readonly silent: boolean;
  readonly evidence: readonly Evidence[];
}

export interface LoggedDelivery {
  readonly seq: number;
  readonly channel: string;
  readonly kind: string;
  readonly title: string;
  readonly status: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly sentAt: number | undefined;
  readonly nextAt: number;
  readonly lastError: string | undefined;
}

export const PAGE_ROWS = 50;

/** Alerts as people see them: of the nodes that they may see, and of the region for its admins. */
export class AlertReader {
  readonly #sql: Sql;
  readonly #access: NodeAccess;

  constructor(by: { sql: Sql; access: NodeAccess }) {
    this.#sql = by.sql;
    this.#access = by.access;
  }

  async openCount(audience: Audience): Promise<number> {
    const [row] = await this.#sql<{ count: number }[]>`
      select count(*)::int as count from alert_states a where a.phase in ('firing', 'clearing') and ${this.#visible(audience)}`;
    return row?.count ?? 0;
  }

  /** The newest first. */
  async open(audience: Audience, filter: AlertFilter): Promise<readonly OpenAlert[]> {
    const sql = this.#sql;
    const rows = await sql<
      (Omit<OpenAlert, 'since' | 'evidence'> & { at: Date; evidence: readonly Evidence[] | null })[]
    >`
      select a.owner, a.rule, a.subject, coalesce(n.label, h.label, a.subject) as label, h.at, a.silent, a.told,
        a.phase = 'clearing' as clearing, h.evidence
      from alert_states a left join nodes n on n.node_id = a.subject left join alerts h on h.id = a.alert_id
      where a.phase in ('firing', 'clearing') and ${this.#visible(audience)}
        and ${this.#filtered(filter, sql`coalesce(n.label, h.label, a.subject)`)}
      order by a.alert_id desc limit ${PAGE_ROWS}`;
    return rows.map(({ at, evidence, ...row }) => ({
      ...row,
      since: at.getTime(),
      evidence: evidence ?? [],
    }));
  }

  /** @param before the id of the last row of the page before. */
  async history(
    audience: Audience,
    filter: AlertFilter,
    before: number | undefined,
  ): Promise<readonly PastChange[]> {
    const sql = this.#sql;
    const rows = await sql<(Omit<PastChange, 'id' | 'at'> & { id: bigint; at: Date })[]>`
      select a.id, a.at, a.owner, a.rule, a.subject, a.label, a.change, a.silent, a.evidence from alerts a
      where ${before === undefined ? sql`true` : sql`a.id < ${before}`} and ${this.#visible(audience)}
        and ${this.#filtered(filter, sql`a.label`)}
      order by a.id desc limit ${PAGE_ROWS + 1}`;
    return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.getTime() }));
  }

  async deliveries(owner: string, before: number | undefined): Promise<readonly LoggedDelivery[]> {
    const sql = this.#sql;
    const rows = await sql<
      {
        seq: bigint;
        channel: string;
        kind: string;
        body: Message;
        status: string;
        attempts: number;
        created_at: Date;
        sent_at: Date | null;
        next_at: Date;
        last_error: string | null;
      }[]
    >`
      select d.seq, c.name as channel, d.kind, d.body, d.status, d.attempts, d.created_at, d.sent_at, d.next_at, d.last_error
      from alert_deliveries d join alert_channels c on c.id = d.channel_id
      where d.owner = ${owner} and ${before === undefined ? sql`true` : sql`d.seq < ${before}`}
      order by d.seq desc limit ${PAGE_ROWS + 1}`;
    return rows.map((row) => ({
      seq: Number(row.seq),
      channel: row.channel,
      kind: row.kind,
      title: headline(row.body),
      status: row.status,
      attempts: row.attempts,
      createdAt: row.created_at.getTime(),
      sentAt: row.sent_at?.getTime(),
      nextAt: row.next_at.getTime(),
      lastError: row.last_error ?? undefined,
    }));
  }

  /** Over the alias a, with `owner` and `subject`. */
  #visible(audience: Audience): Fragment {
    const sql = this.#sql;
    if (audience === EVERYTHING) return sql`true`;
    return sql`a.owner <> ${REGION_OWNER} and (a.owner = ${audience}
      or a.subject in (select n.node_id from nodes n where ${this.#access.visibleTo(audience)}))`;
  }

  #filtered({ rule, text }: AlertFilter, label: Fragment): Fragment {
    const sql = this.#sql;
    return sql`${rule === undefined ? sql`true` : sql`a.rule = ${rule}`}
      and ${text === '' ? sql`true` : sql`position(lower(${text}) in lower(${label})) > 0`}`;
  }
}
