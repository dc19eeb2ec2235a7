import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';

export interface SavedView {
  readonly viewId: string;
  readonly name: string;
  readonly selector: string;
}

export const MOST_VIEWS = 50;

/** Views of one account, by name. */
export class SavedViews {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: (bytes: number) => Uint8Array;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'>; random: (bytes: number) => Uint8Array }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#random = by.random;
  }

  async list(viewer: Viewer): Promise<readonly SavedView[]> {
    const rows = await this.#sql<{ view_id: string; name: string; selector: string }[]>`
      select view_id, name, selector from saved_views where account_id = ${viewer.accountId} order by name limit ${MOST_VIEWS}`;
    return rows.map(({ view_id, name, selector }) => ({ viewId: view_id, name, selector }));
  }

  /** A name that is taken gets the new selector. @throws {HttpError} `too_many_views`. */
  async save(viewer: Viewer, { name, selector }: { name: string; selector: string }): Promise<void> {
    const viewId = Buffer.from(this.#random(12)).toString('base64url');
    const rows = await this.#sql`insert into saved_views (view_id, account_id, name, selector, created_at)
      select ${viewId}, ${viewer.accountId}, ${name}, ${selector}, ${new Date(this.#clock.now())}
      where (select count(*) from saved_views where account_id = ${viewer.accountId} and name <> ${name}) < ${MOST_VIEWS}
      on conflict (account_id, name) do update set selector = excluded.selector`;
    if (rows.count === 0)
      throw new HttpError(409, 'too_many_views', `You have ${MOST_VIEWS} views already.`, {
        fix: 'Delete one that you no longer use.',
      });
  }

  /** @throws {HttpError} 404 for what isn't the viewer's; `view_name_taken`. */
  async rename(viewer: Viewer, viewId: string, name: string): Promise<void> {
    const sql = this.#sql;
    const rows =
      await sql`update saved_views v set name = ${name} where view_id = ${viewId} and account_id = ${viewer.accountId}
      and not exists (select from saved_views o where o.account_id = v.account_id and o.name = ${name} and o.view_id <> v.view_id)`;
    if (rows.count > 0) return;
    if (!(await this.list(viewer)).some((view) => view.viewId === viewId)) throw notFound('This view');
    throw new HttpError(409, 'view_name_taken', `Another view is named '${name}'.`, {
      fix: 'Choose another name, or delete the other view.',
    });
  }

  /** @throws {HttpError} 404 for what isn't the viewer's. */
  async remove(viewer: Viewer, viewId: string): Promise<void> {
    const rows = await this
      .#sql`delete from saved_views where view_id = ${viewId} and account_id = ${viewer.accountId}`;
    if (rows.count === 0) throw notFound('This view');
  }
}
