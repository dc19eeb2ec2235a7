import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { HISTORY_BLOCKS, isSilent, type KeyHistory, LEAST_BLOCKS, LEAST_SILENCE_MS } from './silence.ts';

/** A block whose payload is that of its verified header. */
export interface MinedBlock {
  readonly chain: number;
  readonly height: number;
  readonly hash: string;
  /** 64 hex digits; empty: it pays no single key. */
  readonly key: string;
  /** Milliseconds since 1970, by its header. */
  readonly at: number;
}

/** The last block of a chain that is counted, and since when all are. */
export interface ChainProgress {
  readonly chain: number;
  readonly height: number;
  readonly hash: string;
  readonly at: number;
  readonly since: number;
}

export interface KeyDay {
  readonly day: number;
  readonly blocks: number;
  readonly orphans: number;
}

export interface KeyStanding {
  readonly lastBlock: Omit<MinedBlock, 'key'> | undefined;
  readonly history: KeyHistory;
  /** Of the last seven days. */
  readonly blocks: number;
  readonly orphans: number;
  readonly byChain: ReadonlyMap<number, number>;
}

interface HistoryRow {
  readonly blocks: number;
  readonly first_at: Date | null;
  readonly last_at: Date | null;
}

/** A key and its last blocks, beside up to when all chains are counted. */
export interface SilentHistory extends KeyHistory {
  readonly key: string;
  readonly through: number;
}

const DAY_MS = 86_400_000;
/** Days that blocks are kept. */
export const KEPT_DAYS = 35;
const ROWS = 5_000;

/** What was mined, by key. */
export class MiningStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async progress(): Promise<ChainProgress[]> {
    const rows = await this.#sql<
      { chain: number; height: bigint; hash: string; mined_at: Date; since: Date }[]
    >`select chain, height, hash, mined_at, since from mining_progress order by chain`;
    return rows.map((row) => ({
      ...{ chain: row.chain, height: Number(row.height), hash: row.hash },
      ...{ at: row.mined_at.getTime(), since: row.since.getTime() },
    }));
  }

  /** A chain is counted from behind this block on. */
  async begin({ chain, height, hash, at }: Omit<MinedBlock, 'key'>): Promise<void> {
    const minedAt = new Date(at);
    await this.#sql`insert into mining_progress (chain, height, hash, mined_at, since)
      values (${chain}, ${height}, ${hash}, ${minedAt}, ${minedAt}) on conflict do nothing`;
  }

  /**
   * The blocks that follow the last counted one, ascending. Whoever counts the same twice counts it once: nothing is written
   * unless `from` is still where the chain's count ends.
   */
  async advance(from: ChainProgress, blocks: readonly MinedBlock[]): Promise<void> {
    const last = blocks.at(-1);
    if (last === undefined) return;
    await this.#sql.begin(async (tx) => {
      const moved = await tx`update mining_progress
        set height = ${last.height}, hash = ${last.hash}, mined_at = ${new Date(last.at)}
        where chain = ${from.chain} and hash = ${from.hash}`;
      if (moved.count === 0) return;
      await this.#write(tx, blocks, false);
    });
  }

  /** A longer branch took what was counted: all above this block is an orphan, and the chain is counted anew from there. */
  async rewind(from: ChainProgress, to: Omit<MinedBlock, 'key'>): Promise<void> {
    await this.#sql.begin(async (tx) => {
      const moved = await tx`update mining_progress
        set height = ${to.height}, hash = ${to.hash}, mined_at = ${new Date(to.at)}
        where chain = ${from.chain} and hash = ${from.hash}`;
      if (moved.count === 0) return;
      await tx`with lost as (update mined_blocks set orphaned = true
          where chain = ${to.chain} and height > ${to.height} and not orphaned returning key, mined_at),
        days as (select ${dayOf(tx)} as day, key, count(*)::int as lost from lost group by 1, 2)
        update mined_days d set blocks = d.blocks - days.lost, orphans = d.orphans + days.lost
          from days where d.day = days.day and d.key = days.key`;
    });
  }

  async orphans(blocks: readonly MinedBlock[]): Promise<void> {
    if (blocks.length > 0) await this.#sql.begin((tx) => this.#write(tx, blocks, true));
  }

  /** Which of these are stored. */
  async known(hashes: readonly string[]): Promise<Set<string>> {
    const rows = await this.#sql<{ hash: string }[]>`
      select hash from mined_blocks where orphaned and hash = any(${[...hashes]}::text[])`;
    return new Set(rows.map(({ hash }) => hash));
  }

  /** Blocks of a UTC day by key, orphans left out. */
  async day(day: number): Promise<Map<string, number>> {
    const rows = await this.#sql<{ key: string; blocks: number }[]>`
      select key, blocks from mined_days where day = ${day} and key <> '' and blocks > 0 order by key`;
    return new Map(rows.map(({ key, blocks }) => [key, blocks]));
  }

  /** Of the keys given, the newest day first. */
  async days(keys: readonly string[], limit: number): Promise<KeyDay[]> {
    return this.#sql<
      KeyDay[]
    >`select day, sum(blocks)::int as blocks, sum(orphans)::int as orphans from mined_days
      where key = any(${[...keys]}::text[]) group by day order by day desc limit ${limit}`;
  }

  async standing(key: string, now: number): Promise<KeyStanding> {
    const since = new Date(now - 7 * DAY_MS);
    const [last, [history], counts] = await Promise.all([
      this.#sql<{ chain: number; height: number; hash: string; mined_at: Date }[]>`
        select chain, height, hash, mined_at from mined_blocks
        where key = ${key} and not orphaned order by mined_at desc limit 1`,
      this.#sql<HistoryRow[]>`select h.* from (select ${key}::text as key) k, ${historyOf(this.#sql)}`,
      this.#sql<{ chain: number; blocks: number; orphans: number }[]>`
        select chain, (count(*) filter (where not orphaned))::int as blocks, (count(*) filter (where orphaned))::int as orphans
        from mined_blocks where key = ${key} and mined_at >= ${since} group by chain order by chain`,
    ]);
    const [row] = last;
    return {
      lastBlock: row && { chain: row.chain, height: row.height, hash: row.hash, at: row.mined_at.getTime() },
      history: historyIn(history!),
      blocks: counts.reduce((sum, one) => sum + one.blocks, 0),
      orphans: counts.reduce((sum, one) => sum + one.orphans, 0),
      byChain: new Map(counts.map(({ chain, blocks }) => [chain, blocks])),
    };
  }

  /** Up to when all chains are counted; undefined: none is. */
  async through(): Promise<number | undefined> {
    const progress = await this.progress();
    return progress.length === 0 ? undefined : Math.min(...progress.map(({ at }) => at));
  }

  /** Keys that found no block for longer than their own history explains, as far as all chains are counted. */
  async silent(): Promise<SilentHistory[]> {
    const through = await this.through();
    if (through === undefined) return [];
    const sql = this.#sql;
    const rows = await sql<(HistoryRow & { key: string })[]>`
      with counted as (select key from mined_days
        where day >= ${Math.floor(through / DAY_MS) - KEPT_DAYS} and key <> '' group by key having sum(blocks) >= ${LEAST_BLOCKS}),
      k as materialized (select c.key from counted c, lateral (select mined_at from mined_blocks b
          where b.key = c.key and not b.orphaned order by mined_at desc limit 1) l
        where l.mined_at < ${new Date(through - LEAST_SILENCE_MS)})
      select k.key, h.* from k, ${historyOf(sql)} order by k.key`;
    return rows
      .map((row) => ({ key: row.key, through, ...historyIn(row) }))
      .filter((history) => isSilent(history, through));
  }

  /** Blocks go after a while, their days stay. */
  async forgetBefore(at: number): Promise<void> {
    let gone: number;
    do {
      const deleted = await this.#sql`delete from mined_blocks where (chain, height, hash) in (
        select chain, height, hash from mined_blocks where mined_at < ${new Date(at)} limit ${ROWS})`;
      gone = deleted.count;
    } while (gone === ROWS);
  }

  async #write(tx: TransactionSql, blocks: readonly MinedBlock[], orphaned: boolean): Promise<void> {
    const column = <T>(of: (block: MinedBlock) => T) => blocks.map(of);
    const count = orphaned ? tx`0, count(*)::int` : tx`count(*)::int, 0`;
    await tx`with fresh as (insert into mined_blocks (chain, height, hash, key, mined_at, orphaned)
        select b.*, ${orphaned} from unnest(${column(({ chain }) => chain)}::int[], ${column(({ height }) => height)}::int[],
          ${column(({ hash }) => hash)}::text[], ${column(({ key }) => key)}::text[],
          ${column(({ at }) => new Date(at).toISOString())}::text[]::timestamptz[]) b
        on conflict do nothing returning key, mined_at)
      insert into mined_days as d (day, key, blocks, orphans) select ${dayOf(tx)}, key, ${count} from fresh group by 1, 2
      on conflict (day, key) do update set blocks = d.blocks + excluded.blocks, orphans = d.orphans + excluded.orphans`;
  }
}

/** To be joined laterally to k (key), as h. */
function historyOf(sql: Sql) {
  return sql`lateral (select count(*)::int as blocks, min(mined_at) as first_at, max(mined_at) as last_at
    from (select mined_at from mined_blocks b where b.key = k.key and not b.orphaned
      order by mined_at desc limit ${HISTORY_BLOCKS}) l) h`;
}

function historyIn({ blocks, first_at: first, last_at: last }: HistoryRow): KeyHistory {
  return { blocks, firstAt: first?.getTime() ?? 0, lastAt: last?.getTime() ?? 0 };
}

function dayOf(tx: TransactionSql) {
  return tx`floor(extract(epoch from mined_at) / 86400)::int`;
}
