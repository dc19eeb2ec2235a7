import { encode, type NodeCredential, nodeCredential } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/** A key that a node signs or signed with. Milliseconds since 1970. */
export interface NodeKey {
  readonly publicKey: Uint8Array;
  /** `nodeCredential`, encoded; undefined: the hub did not keep it. */
  readonly credential: Uint8Array | undefined;
  readonly since: number;
  /** Undefined: it is in force. */
  readonly until: number | undefined;
}

interface KeyRow {
  readonly public_key: Uint8Array;
  readonly credential: Uint8Array | null;
  readonly since: Date;
  readonly until: Date | null;
}

/** Keys of nodes that changed theirs, with when each was good. A node that never did has no row. */
export class NodeKeys {
  readonly #sql: Sql | TransactionSql;

  constructor(sql: Sql | TransactionSql) {
    this.#sql = sql;
  }

  /** Offered, and in force with the first session on it, if ever. */
  async certified(nodeId: string, publicKey: Uint8Array, credential: NodeCredential): Promise<void> {
    await this.#sql`insert into node_keys (node_id, public_key, credential)
      values (${nodeId}, ${Buffer.from(publicKey)}, ${Buffer.from(encode(nodeCredential, credential))})
      on conflict (node_id, public_key) do update set credential = excluded.credential`;
  }

  /** Another key takes the place of the one that stands in the registry. */
  async changed(
    nodeId: string,
    { to, now, until }: { to: Uint8Array; now: Date; until: Date },
  ): Promise<void> {
    const sql = this.#sql;
    await sql`insert into node_keys (node_id, public_key, since, until)
      select node_id, public_key, created_at, ${until} from nodes where node_id = ${nodeId}
      on conflict (node_id, public_key) do update set until = excluded.until`;
    await sql`insert into node_keys (node_id, public_key, since) values (${nodeId}, ${Buffer.from(to)}, ${now})
      on conflict (node_id, public_key) do update set since = excluded.since, until = null`;
  }

  /** A former key is in force again; what followed it was good until now. */
  async restored(nodeId: string, publicKey: Uint8Array, now: Date): Promise<void> {
    const key = Buffer.from(publicKey);
    await this
      .#sql`update node_keys set until = case when public_key = ${key} then null else ${now}::timestamptz end
      where node_id = ${nodeId} and (public_key = ${key} or (since is not null and until is null))`;
  }

  /** The oldest first. */
  async of(nodeId: string): Promise<NodeKey[]> {
    const rows = await this.#sql<KeyRow[]>`select public_key, credential, since, until from node_keys
      where node_id = ${nodeId} and since is not null order by since`;
    return rows.map(({ public_key: publicKey, credential, since, until }) => ({
      ...{ publicKey, credential: credential ?? undefined },
      ...{ since: since.getTime(), until: until?.getTime() },
    }));
  }
}
