import type { Sql } from '#seams/db-adapter/index.ts';

/** Who signed a challenge with a mining key, and for which account. */
export interface KeyHolder {
  readonly accountId: string;
  readonly ownerId: string;
}

export interface HeldKey {
  readonly key: string;
  readonly account: string;
  /** Somebody else proved later to hold it: that one is paid. */
  readonly superseded: boolean;
}

/** Which days are paid for, and whose mining keys are. */
export class MiningBonusStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lastPaid(): Promise<number | undefined> {
    const [row] = await this.#sql<{ day: number | null }[]>`select max(day) as day from mining_bonus_days`;
    return row?.day ?? undefined;
  }

  async paid(day: number, keys: number, now: number): Promise<void> {
    await this.#sql`insert into mining_bonus_days (day, keys, paid_at)
      values (${day}, ${keys}, ${new Date(now)}) on conflict do nothing`;
  }

  /** By key, who proved last to hold it, before the hour: proofs are signatures of a challenge by that very key. */
  async holders(keys: readonly string[], hour: number): Promise<Map<string, KeyHolder>> {
    const rows = await this.#sql<{ key: string; account_id: string; owner_id: string }[]>`
      select distinct on (s ->> 'key') s ->> 'key' as key, v.account_id, p.owner_id
      from payout_proofs v cross join jsonb_array_elements(v.signatures) s join payout_people p on p.email = v.email
      where s ->> 'key' = any(${[...keys]}::text[]) and v.from_hour <= ${hour}
      order by s ->> 'key', v.proven_at desc, v.nonce`;
    return new Map(rows.map((row) => [row.key, { accountId: row.account_id, ownerId: row.owner_id }]));
  }

  /** Keys with which a person signed a challenge. */
  async keysOf(email: string): Promise<HeldKey[]> {
    return this.#sql<HeldKey[]>`
      select distinct on (s ->> 'key') s ->> 'key' as key, a.account,
        exists (select from payout_proofs o cross join jsonb_array_elements(o.signatures) t
          where t ->> 'key' = s ->> 'key' and o.email <> v.email and o.proven_at > v.proven_at) as superseded
      from payout_proofs v cross join jsonb_array_elements(v.signatures) s join payout_accounts a using (account_id)
      where v.email = ${email} order by s ->> 'key', v.proven_at desc`;
  }

  /** Whether each of these keys has a holder who proved it. */
  async proven(keys: readonly string[]): Promise<Set<string>> {
    const holders = await this.holders(keys, 2 ** 31 - 1);
    return new Set(holders.keys());
  }
}
