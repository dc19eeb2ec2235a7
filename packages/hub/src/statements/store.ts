import { formatPoints } from '@stoa/protocol/stoicism';
import type { Kind, LedgerMode } from '#ledger/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Statement } from './statement.ts';

/** What a statement says of the ledger, as one moment had it. */
export type StatementFacts = Pick<Statement, 'mode' | 'ledger' | 'days'>;

const NO_HASH = '0'.repeat(64);

export class StatementStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of what counts: events of before the last reset have no value and are left out. */
  async read(email: string, year: number): Promise<StatementFacts> {
    const [from, until] = [new Date(Date.UTC(year, 0)), new Date(Date.UTC(year + 1, 0))];
    return (await this.#sql.begin('isolation level repeatable read', async (tx) => {
      const [head] = await tx<{ sequence: bigint; hash: Uint8Array; mode: LedgerMode; reset: bigint }[]>`
        select sequence, hash, mode, reset_sequence as reset from ledger_head`;
      const rows = await tx<
        { day: string; events: number; digest: Uint8Array; rules: Readonly<Record<string, string>> }[]
      >`with events as materialized (select to_char(ran_at at time zone 'utc', 'YYYY-MM-DD') as day, sequence, hash, kind, amount
          from stoicism_events where owner_email = ${email} and ran_at >= ${from} and ran_at < ${until}
            and sequence > ${head?.reset ?? 0n} and kind <> 'reset'),
        days as (select day, count(*)::int as events, sha256(string_agg(hash, ''::bytea order by sequence)) as digest
          from events group by day),
        rules as (select day, jsonb_object_agg(kind, amount::text) as rules
          from (select day, kind, sum(amount) as amount from events group by day, kind) s group by day)
      select day, events, digest, rules from days join rules using (day) order by day`;
      return {
        mode: head?.mode === 'live' ? 'live' : 'TEST',
        ledger: {
          sequence: Number(head?.sequence ?? 0n),
          hash: head === undefined ? NO_HASH : Buffer.from(head.hash).toString('hex'),
        },
        days: rows.map(({ day, events, digest, rules }) => ({
          ...{ day, events, digest: Buffer.from(digest).toString('hex') },
          rules: Object.fromEntries(
            (Object.entries(rules) as [Kind, string][])
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([kind, units]) => [kind, formatPoints(BigInt(units))]),
          ),
        })),
      } satisfies StatementFacts;
    })) as StatementFacts;
  }

  /** Years in which the ledger wrote anything of a person, the newest first. */
  async years(email: string): Promise<number[]> {
    const [row] = await this.#sql<{ first: Date | null; last: Date | null }[]>`
      select (select ran_at from stoicism_events where owner_email = ${email} order by ran_at, sequence limit 1) as first,
        (select ran_at from stoicism_events where owner_email = ${email} order by ran_at desc, sequence desc limit 1) as last`;
    if (!row?.first || !row.last) return [];
    const [first, last] = [row.first.getUTCFullYear(), row.last.getUTCFullYear()];
    return Array.from({ length: last - first + 1 }, (_, i) => last - i);
  }
}
