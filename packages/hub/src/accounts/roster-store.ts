import { randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Tier } from '../viewer.ts';
import type { Recording } from './security-store.ts';

export interface RosterEntry {
  readonly id: string;
  readonly email: string;
  readonly tier: Tier;
  readonly confirmed: boolean;
  readonly twoFactor: boolean;
  readonly passkeys: number;
  readonly nodes: number;
  readonly createdAt: number;
  /** Of the session used last. */
  readonly seenAt: number | undefined;
  readonly disabledAt: number | undefined;
}

export const ROSTER_ROWS = 100;

interface Row {
  id: string;
  email: string;
  tier: Tier;
  email_verified: boolean;
  two_factor_enabled: boolean | null;
  passkeys: number;
  nodes: number;
  created_at: Date;
  seen_at: Date | null;
  disabled_at: Date | null;
}

/** All accounts, and what an Ancient Admin changes about them. */
export class RosterStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** By e-mail, from the one behind `after`, of those that hold `text`. */
  async page({ text, after }: { text: string; after: string }): Promise<RosterEntry[]> {
    const rows = await this.#sql<Row[]>`
      select u.id, u.email, u.tier, u.email_verified, u.two_factor_enabled, u.created_at, u.disabled_at,
        (select count(*)::int from user_passkeys p where p.user_id = u.id) as passkeys,
        (select count(*)::int from nodes n where n.owner = u.email and n.retired_at is null) as nodes,
        (select max(s.updated_at) from user_sessions s where s.user_id = u.id) as seen_at
      from users u where u.email > ${after} and (${text} = '' or strpos(u.email, ${text}) > 0)
      order by u.email limit ${ROSTER_ROWS + 1}`;
    return rows.map(entryOf);
  }

  async find(email: string): Promise<{ id: string; email: string; tier: Tier } | undefined> {
    const [row] = await this.#sql<{ id: string; email: string; tier: Tier }[]>`
      select id, email, tier from users where email = ${email}`;
    return row;
  }

  /** @returns the id of the account made; undefined where there is one with this e-mail. */
  async invite(
    { email, tier, now }: { email: string; tier: Tier; now: number },
    record: Recording,
  ): Promise<string | undefined> {
    const at = new Date(now);
    return this.#sql.begin(async (tx) => {
      const [made] = await tx<{ id: string }[]>`
        insert into users (id, name, email, email_verified, tier, created_at, updated_at)
        values (${randomUUID()}, ${email}, ${email}, true, ${tier}, ${at}, ${at})
        on conflict (email) do nothing returning id`;
      if (made !== undefined) await record(tx);
      return made?.id;
    });
  }

  /** @returns false where it would leave the hub without an Ancient Admin who can sign in. */
  async setTier(id: string, tier: Tier, record: Recording): Promise<boolean> {
    return this.#unlessLast(id, tier !== 'ancient', async (tx) => {
      await tx`update users set tier = ${tier} where id = ${id}`;
      await record(tx);
    });
  }

  /** Ends its sessions as well. As `setTier`. */
  async disable(id: string, at: number, record: Recording): Promise<boolean> {
    return this.#unlessLast(id, true, async (tx) => {
      await tx`update users set disabled_at = ${new Date(at)} where id = ${id}`;
      await tx`delete from user_sessions where user_id = ${id}`;
      await record(tx);
    });
  }

  async enable(id: string, record: Recording): Promise<void> {
    await this.#sql.begin(async (tx) => {
      const changed = await tx`update users set disabled_at = null
        where id = ${id} and disabled_at is not null returning 1`;
      if (changed.length > 0) await record(tx);
    });
  }

  /** One change at a time, so that two admins can't remove each other at once. */
  async #unlessLast(
    id: string,
    lessens: boolean,
    change: (tx: TransactionSql) => Promise<void>,
  ): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const ancients = await tx<{ id: string }[]>`
        select id from users where tier = 'ancient' and disabled_at is null order by id for update`;
      if (lessens && ancients.length === 1 && ancients[0]?.id === id) return false;
      await change(tx);
      return true;
    });
  }
}

function entryOf(row: Row): RosterEntry {
  return {
    id: row.id,
    email: row.email,
    tier: row.tier,
    confirmed: row.email_verified,
    twoFactor: row.two_factor_enabled ?? false,
    passkeys: row.passkeys,
    nodes: row.nodes,
    createdAt: row.created_at.getTime(),
    seenAt: row.seen_at?.getTime(),
    disabledAt: row.disabled_at?.getTime(),
  };
}
