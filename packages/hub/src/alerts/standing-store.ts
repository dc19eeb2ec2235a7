import type { Evidence } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { storableJson } from '../storable.ts';
import type { Standing } from './machine.ts';
import type { AnyRuleId } from './rule.ts';

export interface StandingKey {
  readonly owner: string;
  readonly rule: AnyRuleId;
  /** Node id, or what else a rule of the region or of an account is about. */
  readonly subject: string;
}

/** A machine that is not at rest. */
export interface HeldStanding extends StandingKey {
  readonly standing: Standing;
  readonly dueAt: number | undefined;
  /** The row that opened it, while it is open. */
  readonly alertId: number | undefined;
}

/** A row of the history of alerts. */
export interface AlertChange extends StandingKey {
  readonly label: string;
  readonly change: 'firing' | 'recovered' | 'closed';
  readonly silent: boolean;
  readonly evidence: readonly Evidence[];
}

interface StandingRow {
  owner: string;
  rule: AnyRuleId;
  subject: string;
  phase: Standing['phase'];
  since: Date;
  told: boolean;
  silent: boolean;
  remind_at: Date | null;
  due_at: Date | null;
  alert_id: bigint | null;
}

export const keyOf = ({ owner, rule, subject }: StandingKey): string => `${rule} ${subject} ${owner}`;

/** State machines and the history that they leave. */
export class StandingStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async ofSubjects(subjects: readonly string[]): Promise<readonly HeldStanding[]> {
    const rows = await this.#sql<StandingRow[]>`
      select owner, rule, subject, phase, since, told, silent, remind_at, due_at, alert_id
      from alert_states where subject = any(${[...subjects]}::text[])`;
    return rows.map(toHeld);
  }

  async ofOwner(owner: string): Promise<readonly HeldStanding[]> {
    const rows = await this.#sql<StandingRow[]>`
      select owner, rule, subject, phase, since, told, silent, remind_at, due_at, alert_id
      from alert_states where owner = ${owner}`;
    return rows.map(toHeld);
  }

  async ofRules(rules: readonly AnyRuleId[]): Promise<readonly HeldStanding[]> {
    const rows = await this.#sql<StandingRow[]>`
      select owner, rule, subject, phase, since, told, silent, remind_at, due_at, alert_id
      from alert_states where rule = any(${[...rules]}::text[])`;
    return rows.map(toHeld);
  }

  /** @returns the ids of the rows, by `keyOf`; a key has one change at most. */
  async append(changes: readonly AlertChange[], now: number): Promise<ReadonlyMap<string, number>> {
    if (changes.length === 0) return new Map();
    const rows = await this.#sql<{ id: bigint; owner: string; rule: AnyRuleId; subject: string }[]>`
      insert into alerts (at, owner, rule, subject, label, change, silent, evidence)
      select ${new Date(now)}, owner, rule, subject, label, change, silent, evidence
      from json_to_recordset(${storableJson(changes)}::text::json)
        as c(owner text, rule text, subject text, label text, change text, silent boolean, evidence jsonb)
      returning id, owner, rule, subject`;
    return new Map(rows.map((row) => [keyOf(row), Number(row.id)]));
  }

  async save(held: readonly HeldStanding[]): Promise<void> {
    if (held.length === 0) return;
    const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
    const rows = held.map(({ owner, rule, subject, standing, dueAt, alertId }) => ({
      ...{ owner, rule, subject, phase: standing.phase, told: standing.told, silent: standing.silent },
      ...{ since: iso(standing.since), remind_at: iso(standing.remindAt), due_at: iso(dueAt) },
      alert_id: alertId ?? null,
    }));
    await this.#sql`
      insert into alert_states (owner, rule, subject, phase, since, told, silent, remind_at, due_at, alert_id)
      select owner, rule, subject, phase, since, told, silent, remind_at, due_at, alert_id
      from json_to_recordset(${storableJson(rows)}::text::json) as r(owner text, rule text, subject text, phase text,
        since timestamptz, told boolean, silent boolean, remind_at timestamptz, due_at timestamptz, alert_id bigint)
      on conflict (owner, rule, subject) do update set phase = excluded.phase, since = excluded.since,
        told = excluded.told, silent = excluded.silent, remind_at = excluded.remind_at, due_at = excluded.due_at,
        alert_id = excluded.alert_id`;
  }

  async forget(keys: readonly StandingKey[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#sql`
      delete from alert_states a using unnest(${keys.map((k) => k.owner)}::text[], ${keys.map((k) => k.rule)}::text[],
        ${keys.map((k) => k.subject)}::text[]) as k(owner, rule, subject)
      where a.owner = k.owner and a.rule = k.rule and a.subject = k.subject`;
  }
}

function toHeld(row: StandingRow): HeldStanding {
  return {
    owner: row.owner,
    rule: row.rule,
    subject: row.subject,
    standing: {
      phase: row.phase,
      since: row.since.getTime(),
      told: row.told,
      silent: row.silent,
      remindAt: row.remind_at?.getTime(),
    },
    dueAt: row.due_at?.getTime(),
    alertId: row.alert_id === null ? undefined : Number(row.alert_id),
  };
}
