import { randomUUID } from 'node:crypto';
import type { Sql } from '#seams/db-adapter/index.ts';
import { storableJson } from '../storable.ts';
import { defaultChannelId, isAddress } from './channel.ts';
import type { AlertNotice } from './course.ts';
import { type Message, merge, messagesOf, totalOf } from './message.ts';
import { REGION_OWNER } from './settings.ts';

/** Over this long the notices of an owner are counted, and beyond a few told together. */
const GROUP_MS = 60_000;

interface Outgoing {
  readonly channelId: string;
  readonly owner: string;
  readonly message: Message;
  readonly nextAt: number;
}

/** Messages that wait to be sent. Written in the transaction of what they tell. */
export class Outbox {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** One message to each channel of whom it concerns; many of one owner become one. */
  async tell(
    notices: readonly AlertNotice[],
    { now, admins }: { now: number; admins: readonly string[] },
  ): Promise<void> {
    const byReader = byReaders(notices, admins);
    const readers = [...byReader.keys()];
    await this.#addDefaults(readers, now);
    const [channels, told] = await Promise.all([
      this.#channelsOf(readers),
      this.#toldSince(readers, now - GROUP_MS),
    ]);
    const outgoing: Outgoing[] = [];
    for (const [reader, theirs] of byReader) {
      const before = told.get(reader);
      const messages = messagesOf(theirs, { told: before?.notices ?? 0, at: now });
      // What follows a burst waits until its minute is over, and grows meanwhile.
      const nextAt = messages[0]?.kind === 'group' && before !== undefined ? before.firstAt + GROUP_MS : now;
      for (const channelId of channels.get(reader) ?? [])
        for (const message of messages) outgoing.push({ channelId, owner: reader, message, nextAt });
    }
    await this.put(outgoing);
  }

  async put(outgoing: readonly Outgoing[]): Promise<void> {
    const groups = outgoing.filter(({ message }) => message.kind === 'group');
    const waiting = await this.#waitingGroups(groups.map(({ channelId }) => channelId));
    const fresh: Outgoing[] = [];
    for (const each of outgoing) {
      const group = each.message.kind === 'group' ? waiting.get(each.channelId) : undefined;
      if (group === undefined) fresh.push(each);
      else await this.#grow(group, each.message);
    }
    if (fresh.length === 0) return;
    const rows = fresh.map(({ channelId, owner, message, nextAt }) => ({
      ...{ id: randomUUID(), channel_id: channelId, owner, kind: message.kind, body: message },
      notices: totalOf(message),
      ...{ next_at: new Date(nextAt).toISOString(), created_at: new Date(message.at).toISOString() },
    }));
    await this.#sql`
      insert into alert_deliveries (id, channel_id, owner, kind, body, notices, status, next_at, created_at)
      select id, channel_id, owner, kind, body, notices, 'pending', next_at, created_at
      from json_to_recordset(${storableJson(rows)}::text::json) as r(id text, channel_id text, owner text, kind text, body jsonb,
        notices int, next_at timestamptz, created_at timestamptz)`;
  }

  /** Whoever has said nothing of channels is told by e-mail, at the address of the account. */
  async #addDefaults(owners: readonly string[], now: number): Promise<void> {
    const addresses = owners.filter(isAddress);
    if (addresses.length === 0) return;
    await this.#sql`
      insert into alert_channels (id, owner, kind, name, target, secret, enabled, created_at)
      select id, owner, 'email', 'E-mail of the account', owner, '', true, ${new Date(now)}
      from unnest(${addresses.map(defaultChannelId)}::text[], ${addresses}::text[]) as d(id, owner)
      on conflict do nothing`;
  }

  async #channelsOf(owners: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const rows = await this.#sql<{ id: string; owner: string }[]>`
      select id, owner from alert_channels
      where owner = any(${[...owners]}::text[]) and enabled and removed_at is null and code_hash is null`;
    const byOwner = new Map<string, string[]>();
    for (const { id, owner } of rows) byOwner.set(owner, [...(byOwner.get(owner) ?? []), id]);
    return byOwner;
  }

  /** Notices that one channel of each owner was given since then. */
  async #toldSince(
    owners: readonly string[],
    since: number,
  ): Promise<ReadonlyMap<string, { notices: number; firstAt: number }>> {
    const rows = await this.#sql<{ owner: string; notices: number; first_at: Date }[]>`
      select owner, max(notices)::int as notices, min(first_at) as first_at from (
        select owner, sum(notices)::int as notices, min(created_at) as first_at from alert_deliveries
        where owner = any(${[...owners]}::text[]) and created_at > ${new Date(since)} group by owner, channel_id) c
      group by owner`;
    return new Map(rows.map((row) => [row.owner, { notices: row.notices, firstAt: row.first_at.getTime() }]));
  }

  async #waitingGroups(
    channelIds: readonly string[],
  ): Promise<ReadonlyMap<string, { id: string; body: Message }>> {
    if (channelIds.length === 0) return new Map();
    const rows = await this.#sql<{ id: string; channel_id: string; body: Message }[]>`
      select id, channel_id, body from alert_deliveries
      where channel_id = any(${[...channelIds]}::text[]) and status = 'pending' and attempts = 0 and kind = 'group'
      for update`;
    return new Map(rows.map(({ id, channel_id, body }) => [channel_id, { id, body }]));
  }

  async #grow(group: { id: string; body: Message }, more: Message): Promise<void> {
    const body = merge(group.body, more);
    await this.#sql`update alert_deliveries
      set body = ${storableJson(body)}::text::jsonb, notices = ${totalOf(body)} where id = ${group.id}`;
  }
}

/** The region's own notices go to each admin, all others to the owner. */
function byReaders(
  notices: readonly AlertNotice[],
  admins: readonly string[],
): ReadonlyMap<string, readonly AlertNotice[]> {
  const addressed = notices.flatMap((notice) => {
    const readers = notice.owner === REGION_OWNER ? admins : [notice.owner];
    return readers.map((reader) => ({ reader, notice }));
  });
  const grouped = Map.groupBy(addressed, ({ reader }) => reader);
  return new Map([...grouped].map(([reader, theirs]) => [reader, theirs.map(({ notice }) => notice)]));
}
