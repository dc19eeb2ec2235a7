import type { PendingQuery, Row } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

const NAME = 'updates-paused';
const RUNS = 'no';

export interface PauseAllState {
  readonly paused: boolean;
  /** Who, when and why; undefined where nobody ever paused, or the word can't be read. */
  readonly by: { readonly actor: string; readonly at: number; readonly reason: string } | undefined;
}

/**
 * The cord that stops every rollout of the region, over restarts, until a person lets go. It fails closed: whatever stands
 * there but the one word that lets updates run is a pause, and a database that does not answer lets nothing out, since
 * the same statement that reads assignments asks for the word.
 */
export class PauseAll {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async read(): Promise<PauseAllState> {
    const [row] = await this.#sql<
      { value: Uint8Array }[]
    >`select value from region_settings where name = ${NAME}`;
    if (row === undefined) return { paused: false, by: undefined };
    const text = Buffer.from(row.value).toString();
    return text === RUNS ? { paused: false, by: undefined } : { paused: true, by: readWord(text) };
  }

  async pause(tx: TransactionSql, by: { actor: string; at: number; reason: string }): Promise<void> {
    await this.#write(tx, JSON.stringify(by));
  }

  async resume(tx: TransactionSql): Promise<void> {
    await this.#write(tx, RUNS);
  }

  /** A condition of the statement that hands assignments out. */
  runs(): PendingQuery<Row[]> {
    return pauseAllRuns(this.#sql);
  }

  async #write(tx: TransactionSql, value: string): Promise<void> {
    await tx`insert into region_settings (name, value) values (${NAME}, ${Buffer.from(value)})
      on conflict (name) do update set value = excluded.value`;
  }
}

/** As `PauseAll.runs`. */
export function pauseAllRuns(sql: Sql | TransactionSql): PendingQuery<Row[]> {
  return sql`not exists (select from region_settings p
    where p.name = ${NAME} and p.value <> ${Buffer.from(RUNS)})`;
}

function readWord(text: string): PauseAllState['by'] {
  try {
    const { actor, at, reason } = JSON.parse(text) as Record<string, unknown>;
    return typeof actor === 'string' && typeof at === 'number' && typeof reason === 'string'
      ? { actor, at, reason }
      : undefined;
  } catch (error) {
    // Not ours, and a pause all the same.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
