import {
  type CryptoSuite,
  LIMITS,
  type NodeCert,
  type NodeCredential,
  nodeCertKind,
  peek,
  toHex,
} from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Admitted } from './join-tokens.ts';
import { NodeKeys } from './node-keys.ts';

/** The nodes of the region: who they are, and which keys speak for them. */
export class NodeRegistry {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #crypto: CryptoSuite;

  constructor(by: { sql: Sql; clock: Clock; crypto: CryptoSuite }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#crypto = by.crypto;
  }

  nodeIdOf(publicKey: Uint8Array): string {
    return toHex(this.#crypto.hash(publicKey));
  }

  /** E-mail of the owner: empty where only a certificate told of the node, undefined where nothing did. */
  async ownerOf(nodeId: string): Promise<string | undefined> {
    const [row] = await this.#sql<{ owner: string }[]>`select owner from nodes where node_id = ${nodeId}`;
    return row?.owner;
  }

  /** E-mails, each once; '' for nodes that have none. */
  async ownersOf(nodeIds: readonly string[]): Promise<string[]> {
    const rows = await this.#sql<{ owner: string }[]>`
      select distinct owner from nodes where node_id = any(${[...nodeIds]})`;
    return rows.map(({ owner }) => owner);
  }

  /** Which of these nodes are this owner's. */
  async ownedBy(owner: string, nodeIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#sql<{ node_id: string }[]>`
      select node_id from nodes where node_id = any(${[...nodeIds]}) and owner = ${owner}`;
    return new Set(rows.map(({ node_id }) => node_id));
  }

  /** Registers an enrolled node; the same node again is no change. A token gives an owner to one that had none. */
  async add(credential: NodeCredential, admitted: Admitted, simulated: boolean): Promise<void> {
    const cert = peek(nodeCertKind, credential.node);
    await this.#sql`insert into nodes
      (node_id, label, owner, region, tags, public_key, key_generation, owner_generation, node_cert, token_id, simulated, created_at)
      values (${toHex(cert.nodeId)}, ${admitted.label}, ${admitted.owner}, ${cert.region}, ${[...admitted.tags]},
        ${Buffer.from(cert.publicKey)}, ${cert.keyGeneration}, ${cert.ownerGeneration}, ${Buffer.from(credential.node)},
        ${toHex(cert.tokenId)}, ${simulated}, ${new Date(this.#clock.now())})
      on conflict (node_id) do update set owner = excluded.owner, label = excluded.label, tags = excluded.tags,
        token_id = excluded.token_id, quarantined_at = null, quarantine_reason = null
      where nodes.owner = '' and excluded.owner <> ''`;
  }

  /** Takes a node that only its certificate knows (a restored database): connected, unpaid, until an admin says more. */
  async adopt(cert: NodeCert, sealed: Uint8Array): Promise<void> {
    const nodeId = toHex(cert.nodeId);
    const now = new Date(this.#clock.now());
    await this.#sql`insert into nodes
      (node_id, label, owner, region, public_key, key_generation, owner_generation, node_cert, created_at, quarantined_at, quarantine_reason)
      values (${nodeId}, ${`unknown-${nodeId.slice(0, 8)}`}, '', ${cert.region}, ${Buffer.from(cert.publicKey)},
        ${cert.keyGeneration}, ${cert.ownerGeneration}, ${Buffer.from(sealed)}, ${now}, ${now},
        'known by its certificate only: the database was restored from before it joined')
      on conflict (node_id) do nothing`;
  }

  /** Stores the key that a rotation offers. */
  async offerKey(nodeId: string, credential: NodeCredential): Promise<void> {
    const cert = peek(nodeCertKind, credential.node);
    await new NodeKeys(this.#sql).certified(nodeId, cert.publicKey, credential);
    await this
      .#sql`update nodes set candidate_key = ${Buffer.from(cert.publicKey)}, candidate_cert = ${Buffer.from(credential.node)}
      where node_id = ${nodeId}`;
  }

  async certOf(nodeId: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#sql<
      { node_cert: Uint8Array }[]
    >`select node_cert from nodes where node_id = ${nodeId}`;
    return row?.node_cert;
  }

  /** The first session on a candidate makes it the node's key; the old one stays good for 72 hours. */
  async commitRotation(nodeId: string, publicKey: Uint8Array): Promise<void> {
    const now = this.#clock.now();
    const until = new Date(now + LIMITS.oldKeyMs);
    const key = Buffer.from(publicKey);
    await this.#sql.begin(async (tx) => {
      const [offered] = await tx<{ candidate_cert: Uint8Array }[]>`
        select candidate_cert from nodes where node_id = ${nodeId} and candidate_key = ${key} for update`;
      if (offered === undefined) return;
      // Not one more than before: after a cancelled rotation the signer passes its generation over.
      const { keyGeneration } = peek(nodeCertKind, offered.candidate_cert);
      await new NodeKeys(tx).changed(nodeId, { to: publicKey, now: new Date(now), until });
      await tx`update nodes set previous_key = public_key, previous_key_until = ${until}, public_key = candidate_key,
          node_cert = candidate_cert, key_generation = ${keyGeneration}, candidate_key = null, candidate_cert = null
        where node_id = ${nodeId}`;
    });
  }

  /**
   * The key before the last rotation is in force again, the one that followed it is worth nothing. Its generation is spent:
   * the signer certifies no second key for it, so the next rotation takes the generation after it.
   */
  async cancelRotation({ cert, sealed }: { cert: NodeCert; sealed: Uint8Array }): Promise<void> {
    const nodeId = toHex(cert.nodeId);
    await this.#sql.begin(async (tx) => {
      const back = await tx`
        update nodes set public_key = previous_key, key_generation = ${cert.keyGeneration}, node_cert = ${Buffer.from(sealed)},
          previous_key = null, previous_key_until = null, candidate_key = null, candidate_cert = null
        where node_id = ${nodeId} and previous_key = ${Buffer.from(cert.publicKey)}`;
      if (back.count > 0)
        await new NodeKeys(tx).restored(nodeId, cert.publicKey, new Date(this.#clock.now()));
    });
  }

  async tagsOf(nodeId: string): Promise<readonly string[]> {
    const [row] = await this.#sql<{ tags: string[] }[]>`select tags from nodes where node_id = ${nodeId}`;
    return row?.tags ?? [];
  }

  async setTags(nodeId: string, tags: readonly string[]): Promise<void> {
    await this.#sql`update nodes set tags = ${[...tags]} where node_id = ${nodeId}`;
  }

  async dispute(nodeId: string): Promise<void> {
    await this
      .#sql`update nodes set disputed_at = coalesce(disputed_at, ${new Date(this.#clock.now())}) where node_id = ${nodeId}`;
  }
}
