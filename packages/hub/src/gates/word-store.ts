import { GATES } from '@stoa/protocol';
import { minutesWithin } from '@stoa/protocol/stoicism';
import { type CopyEncoder, type Sql, Upsert } from '#seams/db-adapter/index.ts';
import type { GateState, GateWord } from './gate-table.ts';

/** Rows of a statement. */
const ROWS = 2_000;
/** What an hour may still be closed or revised from, as long as its acknowledged minutes. */
const HOURS_KEPT = 7 * 24;
const NONE = new Uint8Array(0);

/** A word as it is stored. */
export interface StoredWord extends GateWord {
  readonly instanceId: string;
  readonly failures: readonly bigint[];
}

/** What gates have judged, in batches. A word holds the minutes of one session; bits are only ever added. */
export class WordStore {
  readonly #sql: Sql;
  readonly #words: Upsert<GateWord>;
  readonly #states: Upsert<GateState>;

  constructor(sql: Sql, instanceId: string) {
    this.#sql = sql;
    this.#words = new Upsert<GateWord>(sql, {
      table: 'gate_words',
      key: ['hub_hour', 'node_id', 'epoch', 'instance_id'],
      columns: ['hub_hour', 'node_id', 'epoch', 'instance_id', 'session_id', 'boot_id', 'judged', 'failures'],
      encode: (to, word) => encodeWord(to, word, instanceId),
      // No order of writes can take a minute back.
      replaceIf: '(gate_words.judged & ~excluded.judged) = 0',
    });
    this.#states = new Upsert<GateState>(sql, {
      table: 'gate_states',
      key: ['node_id'],
      columns: ['node_id', 'minute', 'reasons', 'warm_minutes', 'off_minutes', 'credited_at', 'credited'],
      encode: (to, state) => {
        to.text(state.nodeId).int4(state.minute).int2(state.reasons);
        to.int2(state.warmMinutes).int2(state.offMinutes).int4(state.creditedAt).int2(state.credited);
      },
      // One that lies more than an hour ahead was written by a clock that ran ahead: it would freeze the node until then.
      replaceIf: 'gate_states.minute <= excluded.minute or gate_states.minute > excluded.minute + 60',
    });
  }

  /** Durable when it resolves. Of one session and hour the last word is taken. */
  async write(words: readonly GateWord[], states: readonly GateState[]): Promise<void> {
    const distinct = new Map(words.map((word) => [keyOf(word), word]));
    for (const some of pagesOf([...distinct.values()].sort(byKey))) await this.#words.write(some);
    for (const some of pagesOf([...states].sort(byNode))) await this.#states.write(some);
  }

  async states(nodeIds: readonly string[]): Promise<GateState[]> {
    return this.#sql<GateState[]>`
      select node_id as "nodeId", minute, reasons, warm_minutes as "warmMinutes", off_minutes as "offMinutes",
        credited_at as "creditedAt", credited
      from gate_states where node_id = any(${[...nodeIds]}::text[])`;
  }

  /** How far the instance's minutes are stored, and since when that is known. */
  async ticked(instanceId: string): Promise<{ minute: number; at: Date } | undefined> {
    const [row] = await this.#sql<{ minute: number; at: Date }[]>`
      select minute, at from gate_ticks where instance_id = ${instanceId}`;
    return row;
  }

  async tick(instanceId: string, minute: number, at: Date): Promise<void> {
    await this.#sql`insert into gate_ticks (instance_id, minute, at) values (${instanceId}, ${minute}, ${at})
      on conflict (instance_id) do update set minute = greatest(gate_ticks.minute, excluded.minute), at = excluded.at`;
  }

  /** Instances that have not ticked since then. */
  async silentSince(at: Date): Promise<{ instanceId: string; minute: number }[]> {
    return this.#sql<{ instanceId: string; minute: number }[]>`
      select instance_id as "instanceId", minute from gate_ticks where at < ${at}`;
  }

  /** One instance's words of an hour in pages, in the order of its root. */
  async *ofInstance(instanceId: string, hubHour: number): AsyncGenerator<StoredWord[]> {
    const sql = this.#sql;
    let after: { nodeId: string; epoch: number } = { nodeId: '', epoch: 0 };
    for (;;) {
      const rows = await sql<WordRow[]>`select * from gate_words
        where hub_hour = ${hubHour} and instance_id = ${instanceId}
          and (node_id, epoch) > (${after.nodeId}, ${after.epoch}) order by node_id, epoch limit ${WORDS_A_PAGE}`;
      if (rows.length > 0) yield rows.map(wordOf);
      const last = rows.at(-1);
      if (rows.length < WORDS_A_PAGE || last === undefined) return;
      after = { nodeId: last.node_id, epoch: Number(last.epoch) };
    }
  }

  /** Whether the instance judged anybody in one of these minutes since 1970, fewer than sixty of them. */
  async hasJudged(instanceId: string, { from, until }: { from: number; until: number }): Promise<boolean> {
    const hours = [...new Set([from, until - 1].map((minute) => Math.floor(minute / 60)))];
    const within = hours.map((hubHour) => minutesWithin({ from, until }, hubHour));
    const rows = await this.#sql`
      select from unnest(${hours}::int[], ${within.map(String)}::bigint[]) as m(hub_hour, minutes)
        join gate_words w using (hub_hour) where w.instance_id = ${instanceId} and w.judged & m.minutes <> 0 limit 1`;
    return rows.length > 0;
  }

  async forgetBefore(hubHour: number): Promise<void> {
    await this.#sql`delete from gate_words where hub_hour < ${hubHour - HOURS_KEPT}`;
    await this.#sql`delete from minute_roots where hub_hour < ${hubHour - HOURS_KEPT}`;
  }
}

/** Words of an instance read at once. */
const WORDS_A_PAGE = 1_000;

export interface WordRow {
  readonly hub_hour: number;
  readonly node_id: string;
  readonly epoch: bigint;
  readonly instance_id: string;
  readonly session_id: string;
  readonly boot_id: string;
  readonly judged: bigint;
  readonly failures: Uint8Array;
}

const NO_FAILURES: readonly bigint[] = GATES.map(() => 0n);

/** As `packFailures` stores them. */
export function unpackFailures(packed: Uint8Array): readonly bigint[] {
  if (packed.length === 0) return NO_FAILURES;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return GATES.map((_, gate) => view.getBigUint64(gate * 8));
}

export function wordOf(row: WordRow): StoredWord {
  return {
    hubHour: row.hub_hour,
    nodeId: row.node_id,
    epoch: Number(row.epoch),
    instanceId: row.instance_id,
    sessionId: row.session_id,
    bootId: row.boot_id,
    judged: row.judged,
    failures: unpackFailures(row.failures),
  };
}

function encodeWord(to: CopyEncoder, word: GateWord, instanceId: string): void {
  to.int4(word.hubHour).text(word.nodeId).int8(word.epoch).text(instanceId);
  to.text(word.sessionId).text(word.bootId).int8(word.judged).bytea(packFailures(word.failures));
}

function packFailures(failures: readonly bigint[] | undefined): Uint8Array {
  if (failures === undefined) return NONE;
  const packed = new Uint8Array(GATES.length * 8);
  const view = new DataView(packed.buffer);
  for (const [gate, word] of failures.entries()) view.setBigUint64(gate * 8, word);
  return packed;
}

function* pagesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS) yield rows.slice(from, from + ROWS);
}

function keyOf({ hubHour, nodeId, epoch }: GateWord): string {
  return `${hubHour} ${nodeId} ${epoch}`;
}

function byKey(a: GateWord, b: GateWord): number {
  return a.hubHour - b.hubHour || byNode(a, b) || a.epoch - b.epoch;
}

function byNode(a: { nodeId: string }, b: { nodeId: string }): number {
  if (a.nodeId === b.nodeId) return 0;
  return a.nodeId < b.nodeId ? -1 : 1;
}
