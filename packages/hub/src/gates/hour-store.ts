import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CryptoSuite, checkpointKind, GATES, peek } from '@stoa/protocol';
import type { GapLink, SessionWord } from '@stoa/protocol/stoicism';
import { PackedRows, packed, type Sql } from '#seams/db-adapter/index.ts';
import { type HourTraces, type NodeTraces, toldIn, tracesOf, UNTOLD } from './hour-traces.ts';
import { GROUP_DIGITS, LeftOut } from './left-out.ts';
import { type StoredWord, type WordRow, wordOf } from './word-store.ts';

const NONE = GATES.map(() => 0n);
const NOTHING = new LeftOut();

const LINKS_A_TURN = 500;

interface Packed {
  readonly rows: Uint8Array | null;
}

/** A checkpoint as a link of its node's chain. */
export type NodeLink = GapLink & { readonly nodeId: string };

interface CheckpointRow {
  readonly node_id: string;
  readonly hub_hour: number;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** With the protocol's `hash`, made there: a slice of two thousand costs the hub's thread nothing. */
function checkpointOf(sql: Sql) {
  return sql`bytes, substring(sha512(bytes) from 1 for 32) as hash`;
}

/** What hours are made of: acknowledged and judged minutes, and the nodes' own checkpoints. Reads only. */
export class HourStore {
  readonly #sql: Sql;
  readonly #hash: CryptoSuite['hash'];

  constructor(by: { sql: Sql; crypto: Pick<CryptoSuite, 'hash'> }) {
    this.#sql = by.sql;
    this.#hash = by.crypto.hash;
  }

  /**
   * Ids behind `after` that end spans of so many nodes, ascending; what lies behind the last one is a span too. By the registry
   * and all at once: of an hour that has just been written the database has no statistics, and would sort the rest of it for
   * each span.
   */
  async bounds({ after, count }: { after: string; count: number }): Promise<string[]> {
    const rows = await this.#sql<{ node_id: string }[]>`
      select node_id from (select node_id, row_number() over (order by node_id) as place from nodes where node_id > ${after}) n
      where place % ${count} = 0 order by node_id`;
    return rows.map(({ node_id: nodeId }) => nodeId);
  }

  /**
   * Nodes of a span that left anything in the hour, ascending. By ranges of ids: a look-up for each node cost three times as
   * much. @param by.out words that don't count
   */
  async page(
    hubHour: number,
    { after, last, out }: { after: string; last: string | undefined; out: LeftOut },
  ): Promise<readonly NodeTraces[]> {
    const sql = this.#sql;
    const upTo = last === undefined ? sql`true` : sql`node_id <= ${last}`;
    const here = sql`hub_hour = ${hubHour} and node_id > ${after} and ${upTo}`;
    const { int8, ascii, bytes } = packed;
    const [words, judged, checkpoints] = await Promise.all([
      sql<
        Packed[]
      >`select string_agg(${ascii(sql, 'node_id')} || ${int8(sql, 'epoch')} || ${int8(sql, 'minutes')},
          ''::bytea order by node_id) as rows from uptime_words where ${here}`,
      sql<
        Packed[]
      >`select string_agg(${ascii(sql, 'node_id')} || ${int8(sql, 'epoch')} || ${ascii(sql, 'session_id')}
          || ${int8(sql, 'judged')} || ${bytes(sql, 'failures')}, ''::bytea order by node_id) as rows
        from gate_words where ${here} and ${countedIn(sql, out)}`,
      sql<
        Packed[]
      >`select string_agg(${ascii(sql, 'node_id')} || ${bytes(sql, 'bytes')} || ${bytes(sql, 'hash')}, ''::bytea
          order by node_id) as rows from (select node_id, ${checkpointOf(sql)} from checkpoints where ${here}) c`,
    ]);
    return tracesOf({
      acknowledged: new PackedRows(words[0]!.rows),
      judged: new PackedRows(judged[0]!.rows),
      checkpoints: new PackedRows(checkpoints[0]!.rows),
    });
  }

  /** @param out words that don't count. */
  async traces(
    hubHour: number,
    nodeIds: readonly string[],
    out: LeftOut = NOTHING,
  ): Promise<Map<string, HourTraces>> {
    const sql = this.#sql;
    const ids = [...nodeIds];
    const [acknowledged, written, checkpoints] = await Promise.all([
      sql<{ node_id: string; epoch: bigint; minutes: bigint }[]>`
        select node_id, epoch, minutes from uptime_words
        where hub_hour = ${hubHour} and node_id = any(${ids}::text[])`,
      this.judged([hubHour], ids),
      sql<CheckpointRow[]>`select node_id, ${checkpointOf(sql)} from checkpoints
        where hub_hour = ${hubHour} and node_id = any(${ids}::text[])`,
    ]);
    const judged = written.filter((word) => !out.has(word));
    const words = new Map<string, SessionWord[]>(ids.map((id) => [id, []]));
    const sessions = sessionsOf(judged, ({ nodeId, epoch }) => `${nodeId} ${epoch}`);
    for (const { node_id, epoch, minutes } of acknowledged)
      words.get(node_id)?.push({
        epoch: Number(epoch),
        sessionId: sessions.get(`${node_id} ${epoch}`),
        acknowledged: minutes,
        judged: 0n,
        failures: NONE,
      });
    for (const word of judged) words.get(word.nodeId)?.push({ ...word, acknowledged: 0n });
    const told = new Map(checkpoints.map((row) => [row.node_id, toldIn(row)]));
    return new Map(ids.map((id) => [id, { words: words.get(id) ?? [], ...(told.get(id) ?? UNTOLD) }]));
  }

  /** One node's hours. By a list, which the primary key answers; a range of hours would be read for all nodes. */
  async span(nodeId: string, hubHours: readonly number[]): Promise<Map<number, HourTraces>> {
    const sql = this.#sql;
    const [acknowledged, judged, checkpoints] = await Promise.all([
      sql<
        { hub_hour: number; epoch: bigint; minutes: bigint }[]
      >`select hub_hour, epoch, minutes from uptime_words
        where hub_hour = any(${[...hubHours]}::int[]) and node_id = ${nodeId}`,
      this.judged(hubHours, [nodeId]),
      sql<CheckpointRow[]>`select hub_hour, ${checkpointOf(sql)} from checkpoints
        where node_id = ${nodeId} and hub_hour = any(${[...hubHours]}::int[])`,
    ]);
    const sessions = sessionsOf(judged, ({ hubHour, epoch }) => `${hubHour} ${epoch}`);
    const words = Map.groupBy(
      [
        ...acknowledged.map(({ hub_hour: hubHour, epoch, minutes }) => ({
          ...{ hubHour, epoch: Number(epoch), sessionId: sessions.get(`${hubHour} ${epoch}`) },
          ...{ acknowledged: minutes, judged: 0n, failures: NONE },
        })),
        ...judged.map((word) => ({ ...word, acknowledged: 0n })),
      ],
      ({ hubHour }) => hubHour,
    );
    const told = new Map(checkpoints.map((row) => [row.hub_hour, toldIn(row)]));
    return new Map(
      hubHours.map((hour) => [hour, { words: words.get(hour) ?? [], ...(told.get(hour) ?? UNTOLD) }]),
    );
  }

  /** How nodes stood when they were last judged. */
  async standings(
    nodeIds: readonly string[],
  ): Promise<Map<string, { readonly minute: number; readonly reasons: number }>> {
    const rows = await this.#sql<{ node_id: string; minute: number; reasons: number }[]>`
      select node_id, minute, reasons from gate_states where node_id = any(${[...nodeIds]}::text[])`;
    return new Map(rows.map(({ node_id: nodeId, ...standing }) => [nodeId, standing]));
  }

  async judged(hubHours: readonly number[], nodeIds: readonly string[]): Promise<StoredWord[]> {
    const rows = await this.#sql<WordRow[]>`select * from gate_words
      where hub_hour = any(${[...hubHours]}::int[]) and node_id = any(${[...nodeIds]}::text[])`;
    return rows.map(wordOf);
  }

  /** The nodes' chains of checkpoints over the hours, ascending. */
  async chains(hubHours: { from: number; until: number }, nodeIds: readonly string[]): Promise<NodeLink[]> {
    const rows = await this.#sql<{ node_id: string; bytes: Uint8Array }[]>`
      select node_id, bytes from checkpoints where node_id = any(${[...nodeIds]}::text[])
        and hub_hour between ${hubHours.from} and ${hubHours.until} order by node_id, hub_hour`;
    const links: NodeLink[] = [];
    for (const { node_id, bytes } of rows) {
      links.push({ ...peek(checkpointKind, bytes), nodeId: node_id, hash: this.#hash(bytes) });
      // A long gap takes a day of them of each node: frames are not to wait for that.
      if (links.length % LINKS_A_TURN === 0) await nextTurn();
    }
    return links;
  }

  /** By what each node may have signed an hour: its key, and the one before. */
  async keys(nodeIds: readonly string[]): Promise<Map<string, readonly Uint8Array[]>> {
    const rows = await this.#sql<
      { node_id: string; public_key: Uint8Array; previous_key: Uint8Array | null }[]
    >`
      select node_id, public_key, previous_key from nodes where node_id = any(${[...nodeIds]}::text[])`;
    return new Map(
      rows.map((row) => [row.node_id, [row.public_key, row.previous_key].filter((key) => key !== null)]),
    );
  }

  /** Sessions of an hour under which several instances wrote. */
  async shared(
    hubHour: number,
  ): Promise<{ readonly nodeId: string; readonly sessionId: string; readonly instances: string[] }[]> {
    return this.#sql<{ nodeId: string; sessionId: string; instances: string[] }[]>`
      select node_id as "nodeId", session_id as "sessionId", array_agg(distinct instance_id) as instances
      from gate_words where hub_hour = ${hubHour} group by node_id, session_id
      having min(instance_id) <> max(instance_id)`;
  }

  /** Instances of which words of an hour are stored. */
  async instances(hubHour: number): Promise<string[]> {
    const rows = await this.#sql<{ instance_id: string }[]>`
      select distinct instance_id from gate_words where hub_hour = ${hubHour} order by instance_id`;
    return rows.map((row) => row.instance_id);
  }
}

function countedIn(sql: Sql, { instances, groups, words }: LeftOut) {
  const none = (said: readonly string[], what: ReturnType<Sql>) =>
    said.length === 0 ? sql`true` : sql`${what} <> all(${[...said]}::text[])`;
  return sql`instance_id <> all(${[...instances]}::text[])
    and ${none(groups, sql`instance_id || ' ' || left(node_id, ${GROUP_DIGITS})`)}
    and ${none(words, sql`instance_id || ' ' || node_id || ' ' || session_id`)}`;
}

/** Which session an epoch is; undefined where words disagree: none of them can take the node's acknowledgements from another. */
function sessionsOf(
  words: readonly StoredWord[],
  keyOf: (word: StoredWord) => string,
): Map<string, string | undefined> {
  const sessions = new Map<string, string | undefined>();
  for (const word of words) {
    const key = keyOf(word);
    const isOther = sessions.has(key) && sessions.get(key) !== word.sessionId;
    sessions.set(key, isOther ? undefined : word.sessionId);
  }
  return sessions;
}
