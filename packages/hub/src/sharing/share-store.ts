import type { NodeRole } from '#accounts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

export type ShareRole = Exclude<NodeRole, 'owner'>;

export interface Share {
  /** E-mail of the colleague. */
  readonly email: string;
  readonly role: ShareRole;
  readonly sharedBy: string;
  /** Milliseconds since 1970. */
  readonly sharedAt: number;
}

export interface KeyFacts {
  readonly publicKey: Uint8Array;
  readonly keyGeneration: number;
  readonly ownerGeneration: number;
  /** Until when the key before the last rotation is good, where it still is named. */
  readonly previousKeyUntil: number | undefined;
}

/** Who besides its owner may see or work a node. */
export class ShareStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** In order of e-mail. */
  async ofNode(nodeId: string): Promise<Share[]> {
    const rows = await this.#sql<{ email: string; role: ShareRole; shared_by: string; shared_at: Date }[]>`
      select email, role, shared_by, shared_at from node_shares where node_id = ${nodeId} order by email`;
    return rows.map(({ email, role, shared_by: sharedBy, shared_at: at }) => ({
      email,
      role,
      sharedBy,
      sharedAt: at.getTime(),
    }));
  }

  /** The same colleague again changes the role. */
  async put(nodeId: string, { email, role, sharedBy, sharedAt }: Share): Promise<void> {
    await this.#sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${nodeId}, ${email}, ${role}, ${sharedBy}, ${new Date(sharedAt)})
      on conflict (node_id, email) do update set role = excluded.role, shared_by = excluded.shared_by, shared_at = excluded.shared_at`;
  }

  async remove(nodeId: string, email: string): Promise<void> {
    await this.#sql`delete from node_shares where node_id = ${nodeId} and email = ${email}`;
  }

  async keys(nodeId: string): Promise<KeyFacts | undefined> {
    const [row] = await this.#sql<
      {
        public_key: Uint8Array;
        key_generation: number;
        owner_generation: number;
        previous_key_until: Date | null;
      }[]
    >`select public_key, key_generation, owner_generation, previous_key_until from nodes where node_id = ${nodeId}`;
    return (
      row && {
        publicKey: row.public_key,
        keyGeneration: row.key_generation,
        ownerGeneration: row.owner_generation,
        previousKeyUntil: row.previous_key_until?.getTime(),
      }
    );
  }
}
