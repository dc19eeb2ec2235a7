import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError } from '../http-error.ts';
import { isVersion } from '../nodes/index.ts';
import type { Viewer } from '../viewer.ts';
import { isWindow, MOST_DEFERRED_MS, type UpdateWish } from './plan/index.ts';

interface WishRow {
  channel: UpdateWish['channel'];
  pin: string;
  chainweb_pin: string;
  defer_until: Date | null;
  window: string;
}

const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}$/;

/** What owners want of updates, said at the hub: of all their nodes, or of one. */
export class WishDesk {
  readonly #sql: Sql;
  readonly #audit: AuditLog;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; audit: AuditLog; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#audit = by.audit;
    this.#clock = by.clock;
  }

  /** @param subject an owner's e-mail, or a node id. Undefined: nothing was said. */
  async of(subject: string): Promise<UpdateWish | undefined> {
    const [row] = await this.#sql<WishRow[]>`
      select channel, pin, chainweb_pin, defer_until, "window" from update_wishes where subject = ${subject}`;
    if (row === undefined) return undefined;
    const { channel, pin, chainweb_pin: chainwebPin, defer_until, window } = row;
    return { channel, pin, chainwebPin, deferUntil: defer_until?.getTime() ?? 0, window };
  }

  /**
   * The caller has seen to it that the viewer may. @param by.wish undefined: back to what holds for all of the owner's.
   * @throws {HttpError} `bad_wish`
   */
  async save(
    viewer: Viewer,
    by: { subject: string; owner: string; wish: UpdateWish | undefined },
  ): Promise<void> {
    const { subject, owner, wish } = by;
    const now = this.#clock.now();
    if (wish !== undefined) requireWish(wish, now);
    await this.#sql.begin(async (tx) => {
      if (wish === undefined) await tx`delete from update_wishes where subject = ${subject}`;
      else
        await tx`
          insert into update_wishes (subject, channel, pin, chainweb_pin, defer_until, "window", changed_by, changed_at)
          values (${subject}, ${wish.channel}, ${wish.pin}, ${wish.chainwebPin}, ${wish.deferUntil === 0 ? null : new Date(wish.deferUntil)},
            ${wish.window}, ${viewer.email}, ${new Date(now)})
          on conflict (subject) do update set channel = excluded.channel, pin = excluded.pin,
            defer_until = excluded.defer_until, "window" = excluded."window", changed_by = excluded.changed_by,
            changed_at = excluded.changed_at`;
      await this.#audit.appendIn(tx, {
        ...{ actor: viewer.email, act: 'update.wish', subject, owner },
        detail: { ...(wish ?? { cleared: true }) },
      });
    });
  }
}

function requireWish({ pin, chainwebPin, deferUntil, window }: UpdateWish, now: number): void {
  const bad = (message: string, fix: string) => new HttpError(400, 'bad_wish', message, { fix });
  if (pin !== '' && !VERSION.test(pin))
    throw bad(`'${pin}' is no version.`, 'Give a version like 1.2.3, or leave it empty.');
  if (chainwebPin !== '' && !isVersion(chainwebPin))
    throw bad(`'${chainwebPin}' is no version.`, 'Give a version like 2.27, or leave it empty.');
  if (window !== '' && !isWindow(window))
    throw bad(`'${window}' is no window.`, 'Give hours in UTC like 02:00-05:00, or leave it empty.');
  if (deferUntil !== 0 && deferUntil > now + MOST_DEFERRED_MS)
    throw bad('Updates can be deferred by 14 days at most.', 'Choose an earlier day.');
}
