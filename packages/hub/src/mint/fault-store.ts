import { listOf, type Sql } from '#seams/db-adapter/index.ts';
import { PASSING } from './error.ts';

export interface KnownFault {
  readonly place: string;
  readonly code: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What keeps the mint from going on: told by whoever leads, read by whoever shows or pages. */
export class FaultStore {
  readonly #sql: Sql;
  /** What this process wrote last of each place. */
  readonly #told = new Map<string, string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A place is held up since its first fault, whatever it is called now. @returns whether this process had not told it yet */
  async tell(place: string, error: unknown, now: number): Promise<boolean> {
    const { code = 'error', message = String(error) } = error as { code?: string; message?: string };
    const told = `${code} ${message}`;
    if (this.#told.get(place) === told) return false;
    await this.#sql`insert into mint_faults as f (place, code, message, since)
      values (${place}, ${code}, ${message.slice(0, 2_000)}, ${new Date(now)})
      on conflict (place) do update set code = excluded.code, message = excluded.message,
        since = case when f.code = any(${listOf(this.#sql, PASSING)}) and f.code <> excluded.code then excluded.since else f.since end`;
    this.#told.set(place, told);
    return true;
  }

  async clear(place: string): Promise<void> {
    if (this.#told.get(place) === '') return;
    await this.#sql`delete from mint_faults where place = ${place}`;
    this.#told.set(place, '');
  }

  /** Another process may have told and cleared since. */
  forget(): void {
    this.#told.clear();
  }

  async list(): Promise<KnownFault[]> {
    const rows = await this.#sql<{ place: string; code: string; message: string; since: Date }[]>`
      select place, code, message, since from mint_faults order by place`;
    return rows.map(({ since, ...row }) => ({ ...row, since: since.getTime() }));
  }
}
