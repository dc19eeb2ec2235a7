import { type Sql, Upsert } from '#seams/db-adapter/index.ts';
import { minutesOf, type UptimeWord } from './uptime.ts';

/** What an hour may still be closed or revised from, with room for a hub that was down over a weekend. */
const HOURS_KEPT = 7 * 24;

/** Acknowledged minutes, a word for each node, hour and session (decision 7): sessions of any hub, in any order, merge by OR. */
export class UptimeStore {
  readonly #sql: Sql;
  readonly #upsert: Upsert<UptimeWord>;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#upsert = new Upsert<UptimeWord>(sql, {
      table: 'uptime_words',
      key: ['hub_hour', 'node_id', 'epoch'],
      columns: ['hub_hour', 'node_id', 'epoch', 'minutes'],
      encode: (to, word) => {
        to.int4(word.hubHour).text(word.nodeId).int8(word.epoch).int8(minutesOf(word));
      },
      // No order of writes can take a minute back.
      replaceIf: '(uptime_words.minutes & ~excluded.minutes) = 0',
    });
  }

  /** Durable when it resolves. The words are of distinct sessions or hours. */
  async write(words: readonly UptimeWord[]): Promise<void> {
    await this.#upsert.write([...words].sort(byKey));
  }

  /** In order: the minutes of each hour in which any session of the node was acknowledged. */
  async minutes(asked: readonly { nodeId: string; hubHour: number }[]): Promise<bigint[]> {
    const rows = await this.#sql<{ i: number; minutes: bigint }[]>`
      select (ordinal - 1)::int as i, bit_or(w.minutes) as minutes
      from unnest(${asked.map((one) => one.nodeId)}::text[], ${asked.map((one) => one.hubHour)}::int[])
        with ordinality as a(node_id, hub_hour, ordinal)
      join uptime_words w using (node_id, hub_hour) group by ordinal`;
    const found = new Map(rows.map(({ i, minutes }) => [i, minutes]));
    return asked.map((_, i) => found.get(i) ?? 0n);
  }

  /** Forgets hours that can no longer be revised. */
  async forgetBefore(hubHour: number): Promise<void> {
    await this.#sql`delete from uptime_words where hub_hour < ${hubHour - HOURS_KEPT}`;
  }
}

function byKey(a: UptimeWord, b: UptimeWord): number {
  if (a.hubHour !== b.hubHour) return a.hubHour - b.hubHour;
  if (a.nodeId !== b.nodeId) return a.nodeId < b.nodeId ? -1 : 1;
  return a.epoch - b.epoch;
}
