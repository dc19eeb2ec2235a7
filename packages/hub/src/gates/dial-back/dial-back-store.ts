import type { DialBackOutcome } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';

/**
 * What a dial-back showed: an outcome as the dialler told it, or why the hub does not let an answer count: another certificate
 * than the node reported, or one that another node has.
 */
export type Verdict = DialBackOutcome | 'other-certificate' | 'shared-certificate';

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

/** The last dial-back of each node: the only SQL of `dial_backs`. */
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

  /** Whether another node answers with the certificate, and was there first. */
  async isShared(fingerprint: string, nodeId: string, now: Date): Promise<boolean> {
    const rows = await this.#sql`select from dial_backs
      where fingerprint = ${fingerprint} and node_id <> ${nodeId} and passed_until > ${now} limit 1`;
    return rows.length > 0;
  }

  /** Until when each of the nodes has passed. */
  async passed(nodeIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#sql<{ node_id: string; passed_until: Date }[]>`
      select node_id, passed_until from dial_backs
      where node_id = any(${[...nodeIds]}::text[]) and passed_until is not null`;
    return new Map(rows.map((row) => [row.node_id, row.passed_until.getTime()]));
  }

  async find(nodeId: string): Promise<DialBackRow | undefined> {
    const [row] = await this.#sql<(Omit<DialBackRow, 'passedUntil'> & { passedUntil: Date | null })[]>`
      select node_id as "nodeId", at, verdict, fingerprint, host, port, dialler, sealed,
        passed_until as "passedUntil"
      from dial_backs where node_id = ${nodeId}`;
    return row && { ...row, passedUntil: row.passedUntil ?? undefined };
  }
}
