import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/** jobs_ready names nodes that have work; jobs_cancel names jobs that are to end; updates_ready names nodes that are assigned a release. */
type Channel = 'jobs_ready' | 'jobs_cancel' | 'updates_ready';

/** PostgreSQL takes 8,000 bytes a notification; an id and its comma are 65 at most. */
const IDS = 120;
/** Beyond so many everybody is rung: cheaper than to name them. */
const MOST_NAMED = 16 * IDS;
const EVERYBODY = '*';

/**
 * Tells every instance of the region; the one that holds a node's session acts. A lost ring costs the time to the next
 * sweep or renewal, never a job.
 */
export class Bell {
  readonly #sql: Sql;
  readonly #channel: Channel;

  constructor(by: { sql: Sql; channel: Channel }) {
    this.#sql = by.sql;
    this.#channel = by.channel;
  }

  /** Heard when the transaction commits. */
  async ring(sql: Sql | TransactionSql, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const payloads = ids.length > MOST_NAMED ? [EVERYBODY] : chunks(ids);
    await sql`select pg_notify(${this.#channel}, payload) from unnest(${payloads}::text[]) as payload`;
  }

  /**
   * @param heard ids, or undefined for everybody; also called whenever the connection was lost and is back, since nobody
   * knows what was rung meanwhile.
   * @returns what ends it.
   */
  async listen(heard: (ids: readonly string[] | undefined) => void): Promise<() => Promise<void>> {
    const { unlisten } = await this.#sql.listen(
      this.#channel,
      (payload) => heard(payload === EVERYBODY ? undefined : payload.split(',')),
      () => heard(undefined),
    );
    return unlisten;
  }
}

function chunks(ids: readonly string[]): string[] {
  const payloads: string[] = [];
  for (let i = 0; i < ids.length; i += IDS) payloads.push(ids.slice(i, i + IDS).join(','));
  return payloads;
}
