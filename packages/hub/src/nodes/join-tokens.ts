import { type CryptoSuite, equalBytes, formatJoinToken, type Random, toHex } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { EnrolmentError } from './error.ts';

export interface JoinTokenRequest {
  readonly owner: string;
  readonly createdBy: string;
  /** Label of the node that joins; `label-2`, … where the token serves several. */
  readonly label?: string;
  readonly tags?: readonly string[];
  readonly uses?: number;
  /** Milliseconds; 15 minutes unless said. */
  readonly ttlMs?: number;
}

export interface Admitted {
  readonly owner: string;
  readonly label: string;
  readonly tags: readonly string[];
}

interface TokenRow {
  secret_hash: Uint8Array;
  owner: string;
  label: string | null;
  tags: string[];
  max_uses: number;
  uses_left: number;
  expires_at: Date;
  revoked_at: Date | null;
  used_by: string[];
}

export interface JoinTokenDeps {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  /** Origin that agents dial, region, and the root they must insist on. */
  readonly hub: { readonly origin: string; readonly region: string; readonly rootFingerprint: Uint8Array };
}

const TTL_MS = 15 * 60_000;
/** Leaves room for the number that a token of many uses appends: 64 bytes travel in Welcome. */
const LABEL_BYTES = 56;

/** Join tokens: shown once, hashed at rest, short-lived, counted. */
export class JoinTokens {
  readonly #deps: JoinTokenDeps;

  constructor(deps: JoinTokenDeps) {
    this.#deps = deps;
  }

  /** Returns the token's text: the only time that its secret is seen. */
  async create(request: JoinTokenRequest): Promise<string> {
    const { sql, clock, random, crypto, hub } = this.#deps;
    const [tokenId, secret] = [random(16), random(32)];
    if (request.label !== undefined && Buffer.byteLength(request.label) > LABEL_BYTES)
      throw new EnrolmentError(
        'bad_label',
        `the label has ${Buffer.byteLength(request.label)} bytes; ${LABEL_BYTES} are the bound`,
      );
    const now = clock.now();
    const expiresAt = now + (request.ttlMs ?? TTL_MS);
    const uses = request.uses ?? 1;
    await sql`insert into join_tokens
      (token_id, secret_hash, owner, region, label, tags, max_uses, uses_left, expires_at, created_by, created_at)
      values (${toHex(tokenId)}, ${Buffer.from(crypto.hash(secret))}, ${request.owner}, ${hub.region}, ${request.label ?? null},
        ${[...(request.tags ?? [])]}, ${uses}, ${uses}, ${new Date(expiresAt)}, ${request.createdBy}, ${new Date(now)})`;
    return formatJoinToken({
      hub: hub.origin,
      region: hub.region,
      owner: request.owner,
      rootFingerprint: hub.rootFingerprint,
      tokenId,
      secret,
      expiresAt,
    });
  }

  /**
   * Spends one use for the node. Repeated by the same node it costs nothing, so that a lost answer can be asked for again.
   * @throws EnrolmentError. An unknown id and a wrong secret are one and the same answer.
   */
  async spend(tokenId: Uint8Array, secret: Uint8Array, nodeId: string): Promise<Admitted> {
    const { sql, clock, crypto } = this.#deps;
    const id = toHex(tokenId);
    return sql.begin(async (tx) => {
      const [row] = await tx<TokenRow[]>`select * from join_tokens where token_id = ${id} for update`;
      if (row === undefined || !equalBytes(row.secret_hash, crypto.hash(secret)) || row.revoked_at !== null)
        throw new EnrolmentError(
          'join_token_unknown',
          'this join token is not known here: make a new one in the console',
        );
      if (row.expires_at.getTime() <= clock.now())
        throw new EnrolmentError(
          'join_token_expired',
          `the join token expired at ${row.expires_at.toISOString()}: make a new one in the console`,
        );
      const again = row.used_by.indexOf(nodeId);
      const use = again >= 0 ? again : row.used_by.length;
      const label = row.label ?? `node-${nodeId.slice(0, 8)}`;
      const admitted = { owner: row.owner, label: use === 0 ? label : `${label}-${use + 1}`, tags: row.tags };
      if (again >= 0) return admitted;
      if (row.uses_left === 0)
        throw new EnrolmentError(
          'join_token_used',
          'the join token has been used: make a new one in the console',
        );
      await tx`update join_tokens set uses_left = uses_left - 1, used_by = array_append(used_by, ${nodeId})
        where token_id = ${id}`;
      return admitted;
    });
  }
}
