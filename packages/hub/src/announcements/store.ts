import {
  type Liveness,
  type NetworkHeads,
  nodeContext,
  parseSelector,
  type SqlFragment,
  selectorSql,
  summaryTables,
} from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { SelectorError } from '../selector/index.ts';
import type { Level } from './schema.ts';

export interface Draft {
  readonly level: Level;
  readonly body: string;
  /** Empty: everybody. */
  readonly selector: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

export interface Announcement extends Draft {
  readonly id: number;
  readonly createdBy: string;
  readonly withdrawnAt: number | undefined;
  readonly mails: { readonly all: number; readonly sent: number; readonly failed: number };
}

export interface DueMail {
  readonly announcementId: number;
  readonly email: string;
  readonly attempts: number;
  readonly level: Level;
  readonly body: string;
}

interface Row {
  id: bigint;
  level: Level;
  body: string;
  selector: string;
  starts_at: Date;
  ends_at: Date;
  withdrawn_at: Date | null;
  created_by: string;
  mails: number;
  sent: number;
  failed: number;
}

const SHOWN = 50;

export class AnnouncementStore {
  readonly #by: {
    readonly sql: Sql;
    readonly liveness: Liveness;
    readonly heads: Pick<NetworkHeads, 'heads'>;
  };

  constructor(by: { sql: Sql; liveness: Liveness; heads: Pick<NetworkHeads, 'heads'> }) {
    this.#by = by;
  }

  /** With the e-mails to everybody whom it concerns now, if it goes by mail. @returns its id. */
  async add(draft: Draft, by: { email: string; now: number; mailed: boolean }): Promise<number> {
    const { level, body, selector, startsAt, endsAt } = draft;
    const now = new Date(by.now);
    return this.#by.sql.begin(async (tx) => {
      const [row] = await tx<{ id: bigint }[]>`
        insert into announcements (level, body, selector, starts_at, ends_at, created_by, created_at)
        values (${level}, ${body}, ${selector}, ${new Date(startsAt)}, ${new Date(endsAt)}, ${by.email}, ${now})
        returning id`;
      const id = Number(row!.id);
      if (by.mailed)
        await tx`insert into announcement_mails (announcement_id, email, due_at)
          select distinct ${id}::bigint, n.owner, ${new Date(Math.max(by.now, startsAt))}::timestamptz
          from ${summaryTables(this.#by.sql)} where n.owner <> '' and n.retired_at is null and ${this.#concerns(selector)}`;
      return id;
    });
  }

  async list(): Promise<readonly Announcement[]> {
    const rows = await this.#by.sql<Row[]>`
      select a.*, m.mails, m.sent, m.failed from announcements a cross join lateral
        (select count(*)::int as mails, count(sent_at)::int as sent,
          count(*) filter (where due_at is null and sent_at is null)::int as failed
        from announcement_mails where announcement_id = a.id) m
      order by a.id desc limit ${SHOWN}`;
    return rows.map(toAnnouncement);
  }

  /** Returns false where there is none, or it was withdrawn already. E-mails that are not sent yet are not. */
  async withdraw(id: number, now: number): Promise<boolean> {
    const [done] = await this.#by.sql.begin(async (tx) => {
      await tx`update announcement_mails set due_at = null, fault = 'withdrawn' where announcement_id = ${id} and due_at is not null`;
      return tx`update announcements set withdrawn_at = ${new Date(now)} where id = ${id} and withdrawn_at is null returning id`;
    });
    return done !== undefined;
  }

  /** What holds now for an account: told to everybody, or of nodes that it owns. */
  async current(
    audience: { email: string; everything: boolean },
    now: number,
  ): Promise<readonly (Draft & { id: number })[]> {
    const { sql } = this.#by;
    const at = new Date(now);
    const rows = await sql<Row[]>`select * from announcements
      where withdrawn_at is null and starts_at <= ${at} and ends_at > ${at} order by id desc limit 5`;
    const told = await Promise.all(
      rows.map(async (row) => {
        if (audience.everything || row.selector === '') return true;
        const [one] = await sql`select from ${summaryTables(sql)}
          where n.owner = ${audience.email} and ${this.#concerns(row.selector)} limit 1`;
        return one !== undefined;
      }),
    );
    return rows.filter((_, i) => told[i]).map((row) => ({ ...toDraft(row), id: Number(row.id) }));
  }

  /** Takes some for itself: another instance, or the next tick, finds them due again only when `until` is past. */
  async takeDue(now: number, by: { until: number; most: number }): Promise<readonly DueMail[]> {
    const rows = await this.#by.sql<
      { announcement_id: bigint; email: string; attempts: number; level: Level; body: string }[]
    >`update announcement_mails m set due_at = ${new Date(by.until)}, attempts = m.attempts + 1
      from (select announcement_id, email from announcement_mails where due_at <= ${new Date(now)}
          order by due_at limit ${by.most} for update skip locked) d, announcements a
      where m.announcement_id = d.announcement_id and m.email = d.email and a.id = m.announcement_id
      returning m.announcement_id, m.email, m.attempts, a.level, a.body`;
    return rows.map((row) => ({
      announcementId: Number(row.announcement_id),
      email: row.email,
      attempts: row.attempts,
      level: row.level,
      body: row.body,
    }));
  }

  async settle(
    mail: DueMail,
    end: { sentAt: number } | { fault: string; againAt: number | undefined },
  ): Promise<void> {
    const [sentAt, fault, dueAt] =
      'sentAt' in end
        ? [new Date(end.sentAt), null, null]
        : [null, end.fault, end.againAt === undefined ? null : new Date(end.againAt)];
    // Of an attempt that another one has followed nothing counts any more, and what was withdrawn stays so.
    await this.#by.sql`update announcement_mails m set sent_at = ${sentAt}, fault = ${fault},
        due_at = case when a.withdrawn_at is null then ${dueAt}::timestamptz end
      from announcements a
      where a.id = m.announcement_id and m.announcement_id = ${mail.announcementId} and m.email = ${mail.email}
        and m.attempts = ${mail.attempts}`;
  }

  /** A selector that an older version understood and this one doesn't concerns nobody. */
  #concerns(selector: string): SqlFragment {
    const { sql, liveness, heads } = this.#by;
    if (selector === '') return sql`true`;
    try {
      return selectorSql(parseSelector(selector), nodeContext({ sql, at: liveness.at(), heads }), 'exact');
    } catch (error) {
      if (error instanceof SelectorError) return sql`false`;
      throw error;
    }
  }
}

function toDraft(row: Row): Draft {
  const { level, body, selector } = row;
  return { level, body, selector, startsAt: row.starts_at.getTime(), endsAt: row.ends_at.getTime() };
}

function toAnnouncement(row: Row): Announcement {
  return {
    ...toDraft(row),
    id: Number(row.id),
    createdBy: row.created_by,
    withdrawnAt: row.withdrawn_at?.getTime(),
    mails: { all: row.mails, sent: row.sent, failed: row.failed },
  };
}
