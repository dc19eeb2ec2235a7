import { type Baselines, requireBaselines, SEED_BASELINES } from '@stoa/protocol/stoicism';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

type Queries = Sql | TransactionSql;

/** What earns the full weight of each part, from an hour on. */
export interface BaselineTable {
  /** 0 for the published one. */
  readonly version: number;
  readonly hubHour: number;
  /** Thousandths. */
  readonly baselines: Baselines;
  readonly setBy: string;
  /** Milliseconds since 1970; undefined for the published one. */
  readonly setAt: number | undefined;
  readonly reason: string;
}

export const PUBLISHED: BaselineTable = {
  ...{ version: 0, hubHour: 0, baselines: SEED_BASELINES, setBy: 'published', setAt: undefined },
  reason: 'the table of the network',
};

interface Row {
  version: number;
  hub_hour: number;
  baselines: Record<string, number>;
  set_by: string;
  set_at: Date;
  reason: string;
}

/** The newest first, the published one last. */
export async function listBaselines(sql: Queries): Promise<readonly BaselineTable[]> {
  const rows = await sql<Row[]>`select version, hub_hour, baselines, set_by, set_at, reason
    from score_baselines order by version desc`;
  return [...rows.map(toTable), PUBLISHED];
}

/** The one that counts in an hour. */
export async function baselinesAt(sql: Queries, hubHour: number): Promise<BaselineTable> {
  const [row] = await sql<Row[]>`select version, hub_hour, baselines, set_by, set_at, reason
    from score_baselines where hub_hour <= ${hubHour} order by version desc limit 1`;
  return row === undefined ? PUBLISHED : toTable(row);
}

export async function newestBaselines(sql: Queries): Promise<BaselineTable> {
  return baselinesAt(sql, 2 ** 31 - 1);
}

/** In the caller's transaction, which holds the lock of writers. @returns its version. */
export async function addBaselines(
  tx: TransactionSql,
  table: Omit<BaselineTable, 'version' | 'setAt'> & { readonly setAt: number },
): Promise<number> {
  const { version } = await newestBaselines(tx);
  await tx`insert into score_baselines (version, hub_hour, baselines, set_by, set_at, reason)
    values (${version + 1}, ${table.hubHour}, ${JSON.stringify(table.baselines)}::text::jsonb, ${table.setBy},
      ${new Date(table.setAt)}, ${table.reason})`;
  return version + 1;
}

function toTable(row: Row): BaselineTable {
  return {
    ...{ version: row.version, hubHour: row.hub_hour, setBy: row.set_by, reason: row.reason },
    baselines: requireBaselines(row.baselines),
    setAt: row.set_at.getTime(),
  };
}
