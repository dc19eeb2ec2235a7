import type { Sql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { storableJson } from '../storable.ts';
import type { SessionRecord } from './claim.ts';

/** What a handshake needs to know of a node, in one row. */
export interface KnownNode {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly publicKey: Uint8Array;
  /** Offered by a rotation: the first session on it makes it the node's key. */
  readonly candidateKey: Uint8Array | undefined;
  /** The key before the last rotation, while it may still be used. */
  readonly previousKey: Uint8Array | undefined;
  readonly simulated: boolean;
  readonly refused: boolean;
  readonly retired: boolean;
  readonly quarantineReason: string | undefined;
  /** When it was last at the tip, by what is stored; milliseconds since 1970. */
  readonly atTipAt: number | undefined;
  readonly session: SessionRecord | undefined;
}

export interface SessionClaim {
  readonly nodeId: string;
  /** One above the epoch that the claim was decided on, so that a claim got in between makes this one fail. */
  readonly epoch: number;
  readonly instanceId: string;
  readonly sessionId: string;
  readonly bootId: string;
  readonly previousBootIds: readonly string[];
  readonly ratchetCurrent: Uint8Array;
  readonly ratchetPrevious: Uint8Array | undefined;
  readonly connectedAt: Date;
  readonly version: string;
  readonly protocol: number;
  readonly address: string;
  readonly transport: string;
}

interface KnownNodeRow {
  node_id: string;
  label: string;
  owner: string;
  public_key: Uint8Array;
  candidate_key: Uint8Array | null;
  previous_key: Uint8Array | null;
  simulated: boolean;
  refused: boolean;
  retired: boolean;
  quarantine_reason: string | null;
  at_tip_at: Date | null;
  epoch: bigint | null;
  boot_id: string;
  previous_boot_ids: string[];
  ratchet_current: Uint8Array;
  ratchet_previous: Uint8Array | null;
  settled: boolean | null;
}

/** Two of these stand in each handshake: a herd's statements must be large, or a third of its CPU goes there. */
const WINDOW = { windowMs: 2, everyMs: 50, maxItems: 500 };
/** An agent has its new secret on disk long before. */
const SETTLING_MS = 10_000;
/** A session of which nothing was heard for longer is over, though nobody may have been left to say so. */
const LONGEST_SILENCE_MS = 5 * 60_000;

/** A session that the database no longer knows as one: what this instance holds of it must end. */
export interface Overruled {
  readonly nodeId: string;
  readonly why: 'replaced' | 'refused' | 'retired';
}

/** The session table: one row a node, changed by compare-and-set on its epoch, read and written many at a time. */
export class SessionStore {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #lookups: Batcher<string, KnownNode | undefined>;
  readonly #claims: Batcher<SessionClaim, boolean>;
  readonly #stored: Batcher<{ nodeId: string; epoch: number }, undefined>;

  constructor(by: { sql: Sql; clock: Clock }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#lookups = new Batcher({ clock: by.clock, ...WINDOW }, (ids) => this.#loadAll(ids));
    this.#claims = new Batcher({ clock: by.clock, ...WINDOW }, (claims) => this.#claimAll(claims));
    this.#stored = new Batcher({ clock: by.clock, ...WINDOW }, (stored) => this.#markStored(stored));
  }

  find(nodeId: string): Promise<KnownNode | undefined> {
    return this.#lookups.submit(nodeId);
  }

  /** The key in force, and the one before it while that may be used; none for a node that is not registered. */
  async keysOf(nodeId: string): Promise<readonly Uint8Array[]> {
    const known = await this.find(nodeId);
    return [known?.publicKey, known?.previousKey].filter((key) => key !== undefined);
  }

  /** Resolves to false where another session was claimed since: look the node up again and decide anew. */
  claim(claim: SessionClaim): Promise<boolean> {
    return this.#claims.submit(claim);
  }

  /** The node has the session's ratchet secret on its disk: a stranger that proves the one before has a copy (F07). */
  async ratchetStored(session: { nodeId: string; epoch: number }): Promise<void> {
    await this.#stored.submit(session);
  }

  /** Marks sessions as ended; a newer epoch is left alone. */
  async end(ended: readonly { nodeId: string; epoch: number }[], at: Date): Promise<void> {
    if (ended.length === 0) return;
    await this.#sql`
      update sessions s set ended_at = ${at}
      from unnest(${ended.map((e) => e.nodeId)}::text[], ${ended.map((e) => String(e.epoch))}::bigint[]) as e(node_id, epoch)
      where s.node_id = e.node_id and s.epoch = e.epoch`;
  }

  /** An instance that starts has no sessions: those of a run that was killed ended with it. */
  async endAllOf(instanceId: string, at: Date): Promise<void> {
    await this
      .#sql`update sessions set ended_at = ${at} where instance_id = ${instanceId} and ended_at is null`;
  }

  /** Which of the sessions that this instance holds were overruled, by another hub or by a person. */
  async overruled(held: readonly { nodeId: string; epoch: number }[]): Promise<readonly Overruled[]> {
    if (held.length === 0) return [];
    return this.#sql<Overruled[]>`
      select h.node_id as "nodeId", case when n.node_id is null or n.retired_at is not null then 'retired'
        when n.refused_at is not null then 'refused' else 'replaced' end as why
      from unnest(${held.map((h) => h.nodeId)}::text[], ${held.map((h) => String(h.epoch))}::bigint[]) as h(node_id, epoch)
      left join nodes n using (node_id) left join sessions s using (node_id)
      where n.node_id is null or n.retired_at is not null or n.refused_at is not null or s.epoch > h.epoch`;
  }

  async #loadAll(ids: readonly string[]): Promise<(KnownNode | undefined)[]> {
    const now = this.#clock.now();
    const rows = await this.#sql<KnownNodeRow[]>`
      select n.node_id, n.label, n.owner, n.public_key, n.candidate_key,
        case when n.previous_key_until > ${new Date(now)} then n.previous_key end as previous_key,
        n.simulated, n.refused_at is not null as refused, n.retired_at is not null as retired, n.quarantine_reason,
        s.epoch, s.boot_id, s.previous_boot_ids, s.ratchet_current, s.ratchet_previous, t.at_tip_at,
        s.ratchet_stored or s.ended_at is null and t.epoch = s.epoch and t.last_seen > ${new Date(now - LONGEST_SILENCE_MS)}
          and t.last_seen > s.connected_at + ${`${SETTLING_MS} milliseconds`}::interval as settled
      from nodes n left join sessions s using (node_id) left join node_status t using (node_id)
      where n.node_id = any(${[...ids]}::text[])`;
    const byId = new Map(rows.map((row) => [row.node_id, toKnownNode(row)]));
    return ids.map((id) => byId.get(id));
  }

  async #markStored(stored: readonly { nodeId: string; epoch: number }[]): Promise<undefined[]> {
    // In order of node, as claims are.
    const sorted = [...stored].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    await this.#sql`
      update sessions s set ratchet_stored = true
      from unnest(${sorted.map((e) => e.nodeId)}::text[], ${sorted.map((e) => String(e.epoch))}::bigint[]) as e(node_id, epoch)
      where s.node_id = e.node_id and s.epoch = e.epoch`;
    return stored.map(() => undefined);
  }

  async #claimAll(claims: readonly SessionClaim[]): Promise<boolean[]> {
    // Two claims for one node in a batch would meet twice in one upsert: the second has lost already.
    const first = new Map<string, SessionClaim>();
    for (const claim of claims) if (!first.has(claim.nodeId)) first.set(claim.nodeId, claim);
    // In order of node, so that two hubs' batches lock in the same order. One JSON text is cheaper than thirteen arrays.
    const rows = [...first.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)).map(toRow);
    const won = await this.#sql<{ node_id: string }[]>`
      insert into sessions as s (node_id, instance_id, epoch, session_id, boot_id, previous_boot_ids, ratchet_current,
        ratchet_previous, connected_at, booted_at, ended_at, version, protocol, address, transport)
      select node_id, instance_id, epoch, session_id, boot_id, previous_boot_ids, ratchet_current, ratchet_previous,
        connected_at, connected_at, null, version, protocol, address, transport
      from json_to_recordset(${storableJson(rows)}::text::json) as c(node_id text, instance_id text, epoch bigint,
        session_id text, boot_id text, previous_boot_ids text[], ratchet_current bytea, ratchet_previous bytea,
        connected_at timestamptz, version text, protocol int, address text, transport text)
      on conflict (node_id) do update set instance_id = excluded.instance_id, epoch = excluded.epoch,
        session_id = excluded.session_id, ratchet_stored = false,
        booted_at = case when s.boot_id = excluded.boot_id then s.booted_at else excluded.booted_at end, boot_id = excluded.boot_id, previous_boot_ids = excluded.previous_boot_ids,
        ratchet_current = excluded.ratchet_current, ratchet_previous = excluded.ratchet_previous,
        connected_at = excluded.connected_at, ended_at = null, version = excluded.version,
        protocol = excluded.protocol, address = excluded.address, transport = excluded.transport
      where s.epoch < excluded.epoch
      returning node_id`;
    const winners = new Set(won.map((row) => row.node_id));
    return claims.map((claim) => first.get(claim.nodeId) === claim && winners.has(claim.nodeId));
  }
}

/** A claim as `json_to_recordset` reads it. */
function toRow(claim: SessionClaim): Readonly<Record<string, unknown>> {
  const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString('hex')}`;
  return {
    node_id: claim.nodeId,
    instance_id: claim.instanceId,
    epoch: claim.epoch,
    session_id: claim.sessionId,
    boot_id: claim.bootId,
    previous_boot_ids: claim.previousBootIds,
    ratchet_current: hex(claim.ratchetCurrent),
    ratchet_previous: claim.ratchetPrevious === undefined ? null : hex(claim.ratchetPrevious),
    connected_at: claim.connectedAt,
    version: claim.version,
    protocol: claim.protocol,
    address: claim.address,
    transport: claim.transport,
  };
}

function toKnownNode(row: KnownNodeRow): KnownNode {
  return {
    nodeId: row.node_id,
    label: row.label,
    owner: row.owner,
    publicKey: row.public_key,
    candidateKey: row.candidate_key ?? undefined,
    previousKey: row.previous_key ?? undefined,
    simulated: row.simulated,
    refused: row.refused,
    retired: row.retired,
    quarantineReason: row.quarantine_reason ?? undefined,
    atTipAt: row.at_tip_at?.getTime(),
    session:
      row.epoch === null
        ? undefined
        : {
            epoch: Number(row.epoch),
            bootId: row.boot_id,
            previousBootIds: row.previous_boot_ids,
            ratchetCurrent: row.ratchet_current,
            ratchetPrevious: row.ratchet_previous ?? undefined,
            settled: row.settled ?? false,
          },
  };
}
