import type { Sql } from '#seams/db-adapter/index.ts';
import { storableText } from '../storable.ts';
import type { ChannelKind, Delivery, Target } from './channel.ts';
import type { Message } from './message.ts';

/** A claim that is not settled by then was of a hub that died. Longer than any attempt. */
const CLAIM_MS = 60_000;
const LONGEST_ERROR = 300;

/** A delivery that this instance is to attempt now, once. */
export interface ClaimedDelivery extends Delivery, Omit<Target, 'secret'> {
  /** As the database holds it. */
  readonly sealed: string;
  readonly channelId: string;
  readonly owner: string;
  /** With this one. */
  readonly attempts: number;
  readonly createdAt: number;
}

interface ClaimedRow {
  id: string;
  channel_id: string;
  owner: string;
  body: Message;
  attempts: number;
  created_at: Date;
  kind: ChannelKind;
  target: string;
  secret: string;
}

export interface Claim {
  readonly kinds: readonly ChannelKind[];
  readonly now: number;
  readonly most: number;
  readonly busyChannels: readonly string[];
  readonly fullOwners: readonly string[];
  readonly mostAnOwner: number;
}

/** The life of a delivery after it was put out. */
export class DeliveryStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * The next of each channel, in its order: what recovered is not told before what fired. What is sent to try a channel
   * waits for nothing. Owners take turns.
   */
  async claim({
    kinds,
    now,
    most,
    busyChannels,
    fullOwners,
    mostAnOwner,
  }: Claim): Promise<readonly ClaimedDelivery[]> {
    const rows = await this.#sql<ClaimedRow[]>`
      with due as (
        select d.id, row_number() over (partition by d.owner order by d.seq) as turn, d.next_at
        from alert_deliveries d join alert_channels c on c.id = d.channel_id
        where d.status in ('pending', 'sending', 'retry') and d.next_at <= ${new Date(now)}
          and c.kind = any(${[...kinds]}::text[]) and d.channel_id <> all(${[...busyChannels]}::text[])
          and d.owner <> all(${[...fullOwners]}::text[])
          and (d.kind in ('test', 'confirm') or not exists (
            select 1 from alert_deliveries e where e.channel_id = d.channel_id and e.seq < d.seq
              and e.status in ('pending', 'sending', 'retry') and e.kind not in ('test', 'confirm')))),
      taken as (
        select id from alert_deliveries
        where id in (select id from due where turn <= ${mostAnOwner} order by turn, next_at limit ${most})
          and status in ('pending', 'sending', 'retry') and next_at <= ${new Date(now)}
        for update skip locked)
      update alert_deliveries d
      set status = 'sending', attempts = d.attempts + 1, next_at = ${new Date(now + CLAIM_MS)}
      from taken, alert_channels c where d.id = taken.id and c.id = d.channel_id
      returning d.id, d.channel_id, d.owner, d.body, d.attempts, d.created_at, c.kind, c.target, c.secret`;
    return rows.map((row) => ({
      id: row.id,
      channelId: row.channel_id,
      owner: row.owner,
      message: row.body,
      attempts: row.attempts,
      createdAt: row.created_at.getTime(),
      kind: row.kind,
      target: row.target,
      sealed: row.secret,
    }));
  }

  async sent({ id }: Delivery, now: number): Promise<void> {
    await this.#sql`update alert_deliveries set status = 'sent', sent_at = ${new Date(now)}, last_error = null
      where id = ${id}`;
  }

  /** @param by.nextAt of the next attempt; undefined: it was the last. An attempt that another followed says nothing. */
  async failed(
    { id, attempts }: ClaimedDelivery,
    by: { why: string; nextAt: number | undefined; now: number },
  ): Promise<void> {
    const again = by.nextAt !== undefined;
    await this.#sql`update alert_deliveries
      set status = ${again ? 'retry' : 'failed'}, next_at = ${new Date(by.nextAt ?? by.now)},
        last_error = ${storableText(by.why).slice(0, LONGEST_ERROR)}
      where id = ${id} and attempts = ${attempts} and status = 'sending'`;
  }
}
