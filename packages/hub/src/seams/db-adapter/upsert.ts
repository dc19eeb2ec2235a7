import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sql } from './adapter.ts';
import { CopyEncoder } from './copy-encoder.ts';
import { copyIn } from './copy-in.ts';

/** Encoded in one go; more would hold the event loop for longer than a frame may wait. */
const ROWS_A_TURN = 500;

export interface UpsertTarget<Row> {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** Writes a row's fields in the order of `columns`. */
  readonly encode: (to: CopyEncoder, row: Row) => void;
  /** A condition on `table` and `excluded` under which an existing row is replaced. */
  readonly replaceIf: string;
}

/**
 * Inserts or replaces rows durably, all or none: COPY into a temporary table, then one merge. Measured on the embedded
 * server at 500 to 5,000 rows a flush, this takes 1.3 to 1.7 times the rows a second of a prepared `INSERT … SELECT
 * FROM unnest`, at half of the hub's CPU, since nothing is made text.
 *
 * Keys must be distinct among the rows, and sorted, so that two hubs' batches lock in the same order.
 */
export class Upsert<Row> {
  readonly #sql: Sql;
  readonly #target: UpsertTarget<Row>;
  readonly #create: string;
  readonly #copy: string;
  readonly #merge: string;

  constructor(sql: Sql, target: UpsertTarget<Row>) {
    const { table, key, columns, replaceIf } = target;
    const inbox = `${table}_inbox`;
    const list = columns.join(', ');
    const changes = columns
      .filter((column) => !key.includes(column))
      .map((column) => `${column} = excluded.${column}`);
    this.#sql = sql;
    this.#target = target;
    // Defaults come along, so that a column of a newer schema does not stop an older hub.
    this.#create = `create temporary table if not exists ${inbox} (like ${table} including defaults) on commit delete rows`;
    this.#copy = `copy ${inbox} (${list}) from stdin with (format binary)`;
    this.#merge = `insert into ${table} (${list}) select ${list} from ${inbox}
      on conflict (${key.join(', ')}) do update set ${changes.join(', ')} where ${replaceIf}`;
  }

  async write(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#sql.begin(async (transaction) => {
      await transaction.unsafe(this.#create);
      await copyIn(transaction, this.#copy, this.#encoded(rows));
      await transaction.unsafe(this.#merge, [], { prepare: true });
    });
  }

  async *#encoded(rows: readonly Row[]): AsyncGenerator<Buffer> {
    const encoder = new CopyEncoder(this.#target.columns.length);
    for (let from = 0; from < rows.length; from += ROWS_A_TURN) {
      for (const row of rows.slice(from, from + ROWS_A_TURN)) this.#target.encode(encoder.row(), row);
      yield encoder.take();
      await nextTurn();
    }
    yield encoder.end();
  }
}
