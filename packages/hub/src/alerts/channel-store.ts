import { createHash, randomUUID } from 'node:crypto';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { SealedColumn, Vault } from '../vault/index.ts';
import { type ChannelKind, defaultChannelId, isAddress } from './channel.ts';
import type { Message } from './message.ts';
import { Outbox } from './outbox.ts';

export interface NewChannel {
  readonly owner: string;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly target: string;
  readonly secret: string;
  /** What an e-mail address must prove to be read; undefined: nothing to prove. */
  readonly code: string | undefined;
}

/** As its owner sees it: without the secret. */
export interface Channel {
  readonly id: string;
  readonly owner: string;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly target: string;
  readonly enabled: boolean;
  /** Its address has not been confirmed. */
  readonly unproven: boolean;
  readonly lastSentAt: number | undefined;
  /** Of the newest attempt that failed, where none succeeded since. */
  readonly lastError: string | undefined;
}

interface ChannelRow {
  id: string;
  owner: string;
  kind: ChannelKind;
  name: string;
  target: string;
  enabled: boolean;
  code_hash: string | null;
  last_sent_at: Date | null;
  last_error: string | null;
}

export const CHANNEL_SECRETS: SealedColumn = { table: 'alert_channels', id: 'id', column: 'secret' };
export const MOST_CHANNELS = 20;

const hashOf = (code: string): string => createHash('sha256').update(code).digest('hex');

/** The channels of owners; secrets go in sealed and come out for the dispatcher only. */
export class ChannelStore {
  readonly #sql: Sql;
  readonly #vault: Vault;

  constructor({ sql, vault }: { sql: Sql; vault: Vault }) {
    this.#sql = sql;
    this.#vault = vault;
  }

  async ofOwner(owner: string, now: number): Promise<readonly Channel[]> {
    // Who looks sees where his alerts go already.
    if (isAddress(owner)) await this.#addDefault(owner, now);
    const rows = await this.#sql<ChannelRow[]>`
      select c.id, c.owner, c.kind, c.name, c.target, c.enabled, c.code_hash, d.sent_at as last_sent_at, e.last_error
      from alert_channels c
      left join lateral (select sent_at from alert_deliveries
        where channel_id = c.id and status = 'sent' order by seq desc limit 1) d on true
      left join lateral (select last_error from alert_deliveries
        where channel_id = c.id order by seq desc limit 1) e on true
      where c.owner = ${owner} and c.removed_at is null order by c.created_at, c.id`;
    return rows.map(toChannel);
  }

  async find(id: string): Promise<Channel | undefined> {
    const [row] = await this.#sql<ChannelRow[]>`
      select id, owner, kind, name, target, enabled, code_hash, null as last_sent_at, null as last_error
      from alert_channels where id = ${id} and removed_at is null`;
    return row && toChannel(row);
  }

  async add({ owner, kind, name, target, secret, code }: NewChannel, now: number): Promise<string> {
    const id = randomUUID();
    const sealed = secret === '' ? '' : this.#vault.seal(secret, CHANNEL_SECRETS, id);
    await this.#sql`
      insert into alert_channels (id, owner, kind, name, target, secret, code_hash, enabled, created_at)
      values (${id}, ${owner}, ${kind}, ${name}, ${target}, ${sealed}, ${code === undefined ? null : hashOf(code)}, true,
        ${new Date(now)})`;
    return id;
  }

  /** @returns whether the code was right. */
  async confirm(id: string, code: string): Promise<boolean> {
    const rows = await this.#sql`update alert_channels set code_hash = null
      where id = ${id} and code_hash = ${hashOf(code)} and removed_at is null returning 1`;
    return rows.length === 1;
  }

  async enable(id: string, enabled: boolean): Promise<void> {
    await this.#sql`update alert_channels set enabled = ${enabled} where id = ${id}`;
  }

  /** With its secret; what waits for it is not sent any more. The account's own e-mail can only be turned off. */
  async remove(id: string, now: number): Promise<void> {
    await this.#sql.begin(async (sql) => {
      await sql`update alert_channels set removed_at = ${new Date(now)}, enabled = false, secret = '' where id = ${id}`;
      await sql`update alert_deliveries set status = 'failed', last_error = 'the channel was removed'
        where channel_id = ${id} and status in ('pending', 'retry')`;
    });
  }

  async put(channel: Pick<Channel, 'id' | 'owner'>, message: Message): Promise<void> {
    await new Outbox(this.#sql).put([
      { channelId: channel.id, owner: channel.owner, message, nextAt: message.at },
    ]);
  }

  async #addDefault(owner: string, now: number): Promise<void> {
    await this.#sql`
      insert into alert_channels (id, owner, kind, name, target, secret, enabled, created_at)
      values (${defaultChannelId(owner)}, ${owner}, 'email', 'E-mail of the account', ${owner}, '', true, ${new Date(now)})
      on conflict do nothing`;
  }
}

function toChannel(row: ChannelRow): Channel {
  return {
    id: row.id,
    owner: row.owner,
    kind: row.kind,
    name: row.name,
    target: row.target,
    enabled: row.enabled,
    unproven: row.code_hash !== null,
    lastSentAt: row.last_sent_at?.getTime(),
    lastError: row.last_error ?? undefined,
  };
}
