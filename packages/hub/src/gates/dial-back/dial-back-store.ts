import type { DialBackOutcome } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/**
 * What a dial-back showed: an outcome as the dialler told it, or why the hub does not let an answer count: another certificate
 * than the node reported, one that another node has, or too many nodes at one address.
 */
export type Verdict = DialBackOutcome | 'other-certificate' | 'shared-certificate' | 'crowded-address';

/** A certificate is somebody else's to have when nobody answered with it for so long. */
const CLAIM_MS = 7 * 24 * 3_600_000;

export interface DialBackRow {
  readonly nodeId: string;
  readonly at: Date;
  readonly verdict: Verdict;
  /** base64url; empty where none was shown. */
  readonly fingerprint: string;
  readonly host: string;
  readonly port: number;
  readonly dialler: string;
  /** `dialBackKind`, as it came. */
  readonly sealed: Uint8Array;
  /** Until when an answer counts. */
  readonly passedUntil: Date | undefined;
}

/** The last dial-back of each node, and whose each certificate is: the only SQL of `dial_backs` and `p2p_certificates`. */
export class DialBackStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Keys that a node may sign with: the one in force, and the one before while that may be used. */
  async keysOf(nodeId: string, now: Date): Promise<Uint8Array[]> {
    const rows = await this.#sql<{ public_key: Uint8Array; previous_key: Uint8Array | null }[]>`
      select public_key, case when previous_key_until > ${now} then previous_key end as previous_key
      from nodes where node_id = ${nodeId}`;
    return rows.flatMap((row) => [row.public_key, ...(row.previous_key === null ? [] : [row.previous_key])]);
  }

  async put(row: DialBackRow): Promise<void> {
    await this.#sql`insert into dial_backs
        (node_id, at, verdict, fingerprint, host, port, dialler, sealed, passed_until)
      values (${row.nodeId}, ${row.at}, ${row.verdict}, ${row.fingerprint}, ${row.host}, ${row.port}, ${row.dialler},
        ${row.sealed}, ${row.passedUntil ?? null})
      on conflict (node_id) do update set at = excluded.at, verdict = excluded.verdict,
        fingerprint = excluded.fingerprint, host = excluded.host, port = excluded.port, dialler = excluded.dialler,
        sealed = excluded.sealed, passed_until = excluded.passed_until
      where dial_backs.at <= excluded.at`;
  }

  /**
   * The node whose certificate it is: the first that answered with it, however long its pass is over. It is free again when that
   * node was retired or refused, or did not answer for a week; to a node of the same owner, once the pass is over.
   */
  async claim(fingerprint: string, nodeId: string, by: { now: Date; passMs: number }): Promise<string> {
    const lapsed = new Date(by.now.getTime() - CLAIM_MS);
    const passed = new Date(by.now.getTime() - by.passMs);
    await this.#sql`insert into p2p_certificates as c (fingerprint, node_id, since, seen_at)
      values (${fingerprint}, ${nodeId}, ${by.now}, ${by.now})
      on conflict (fingerprint) do update set node_id = excluded.node_id, seen_at = excluded.seen_at,
        since = case when c.node_id = excluded.node_id then c.since else excluded.since end
      where c.node_id = excluded.node_id or c.seen_at < ${lapsed} or not exists (
        select from nodes held, nodes own
        where held.node_id = c.node_id and held.retired_at is null and held.refused_at is null
          and own.node_id = excluded.node_id and (own.owner <> held.owner or c.seen_at >= ${passed}))`;
    const [row] = await this.#sql<
      { node_id: string }[]
    >`select node_id from p2p_certificates where fingerprint = ${fingerprint}`;
    return row?.node_id ?? nodeId;
  }

  /** Whether so many others pass at the address already; one that does itself keeps its place. */
  async isCrowded(host: string, nodeId: string, by: { now: Date; most: number }): Promise<boolean> {
    const rows = await this.#sql<{ node_id: string }[]>`select node_id from dial_backs
      where host = ${host} and passed_until > ${by.now}`;
    return rows.length >= by.most && !rows.some((row) => row.node_id === nodeId);
  }

  /** Until when each of the nodes has passed. */
  async passed(nodeIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#sql<{ node_id: string; passed_until: Date }[]>`
      select node_id, passed_until from dial_backs
      where node_id = any(${[...nodeIds]}::text[]) and passed_until is not null`;
    return new Map(rows.map((row) => [row.node_id, row.passed_until.getTime()]));
  }

  /** `hash` of each node's sealed report, where the look was before then. Ids from one to another, both with it. */
  async reports(
    tx: TransactionSql,
    { first, last }: { first: string; last: string },
    before: Date,
  ): Promise<Map<string, Uint8Array>> {
    const rows = await tx<{ node_id: string; hash: Uint8Array }[]>`
      select node_id, substring(sha512(sealed) from 1 for 32) as hash from dial_backs
      where node_id between ${first} and ${last} and at < ${before}`;
    return new Map(rows.map((row) => [row.node_id, row.hash]));
  }

  async find(nodeId: string): Promise<DialBackRow | undefined> {
    const [row] = await this.#sql<(Omit<DialBackRow, 'passedUntil'> & { passedUntil: Date | null })[]>`
      select node_id as "nodeId", at, verdict, fingerprint, host, port, dialler, sealed,
        passed_until as "passedUntil"
      from dial_backs where node_id = ${nodeId}`;
    return row && { ...row, passedUntil: row.passedUntil ?? undefined };
  }
}
