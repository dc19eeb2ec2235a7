import { isIP } from 'node:net';
import { type CryptoSuite, equalBytes, formatJoinToken, type Random, toHex } from '@stoa/protocol';
import type postgres from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { EnrolmentError } from './error.ts';

/** Makes a join token on the hub's machine, as pages without a node yet print it. */
export const TOKEN_COMMAND = 'stoa-hub token new --owner you@example.org';

export interface JoinTokenRequest {
  readonly owner: string;
  readonly createdBy: string;
  /** Label of the node that joins; `label-2`, … where the token serves several. */
  readonly label?: string;
  readonly tags?: readonly string[];
  readonly uses?: number;
  /** Milliseconds; 15 minutes unless said. */
  readonly ttlMs?: number;
  /** Nodes that may join within an hour; as many as there are uses unless said. */
  readonly maxPerHour?: number;
  /** CIDR range from which nodes may join; anywhere unless said. */
  readonly addressRange?: string;
}

/** What is known of a node that wants to join. */
export interface Joiner {
  /** Where it calls from; without one, only tokens for anywhere serve. */
  readonly address?: string | undefined;
  /** Of a node that is registered: its owner. Nobody takes it over with a token of his own. */
  readonly owner?: string | undefined;
}

export interface Admitted {
  readonly owner: string;
  readonly label: string;
  readonly tags: readonly string[];
}

type Transaction = postgres.TransactionSql<{ bigint: bigint }>;

interface TokenRow {
  secret_hash: Uint8Array;
  owner: string;
  label: string | null;
  tags: string[];
  max_uses: number;
  uses_left: number;
  expires_at: Date;
  revoked_at: Date | null;
  max_per_hour: number | null;
  joined_this_hour: number;
  elsewhere: boolean;
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

const TTL_MS = { usual: 15 * 60_000, least: 60_000, most: 30 * 24 * 3_600_000 };
const MAX_USES = 10_000;
const HOUR_MS = 3_600_000;
/** Leaves room for the number that a token of many uses appends: 64 bytes travel in Welcome. */
const LABEL_BYTES = 56;

/** Join tokens: shown once, hashed at rest, short-lived, counted. */
export class JoinTokens {
  readonly #deps: JoinTokenDeps;

  constructor(deps: JoinTokenDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the token's text: the only time that its secret is seen.
   * @param announce told the id before the token is made; where it rejects, none is.
   * @throws EnrolmentError `bad_label`, `bad_request`.
   */
  async create(request: JoinTokenRequest, announce?: (tokenId: string) => Promise<unknown>): Promise<string> {
    const { sql, clock, random, crypto, hub } = this.#deps;
    check(request);
    const [tokenId, secret] = [random(16), random(32)];
    await announce?.(toHex(tokenId));
    const now = clock.now();
    const expiresAt = now + (request.ttlMs ?? TTL_MS.usual);
    const uses = request.uses ?? 1;
    await sql`insert into join_tokens (token_id, secret_hash, owner, region, label, tags, max_uses, uses_left, max_per_hour,
        address_range, expires_at, created_by, created_at)
      values (${toHex(tokenId)}, ${Buffer.from(crypto.hash(secret))}, ${request.owner}, ${hub.region}, ${request.label ?? null},
        ${[...(request.tags ?? [])]}, ${uses}, ${uses}, ${request.maxPerHour ?? null}, ${request.addressRange ?? null},
        ${new Date(expiresAt)}, ${request.createdBy}, ${new Date(now)})`;
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
  async spend(
    tokenId: Uint8Array,
    secret: Uint8Array,
    nodeId: string,
    joiner: Joiner = {},
  ): Promise<Admitted> {
    const { sql, crypto } = this.#deps;
    const id = toHex(tokenId);
    return sql.begin(async (tx) => {
      const row = await this.#locked(tx, id, joiner.address);
      if (row === undefined || !equalBytes(row.secret_hash, crypto.hash(secret)) || row.revoked_at !== null)
        throw new EnrolmentError(
          'join_token_unknown',
          'this join token is not known here: make a new one in the console',
        );
      this.#requireOpen(row, joiner.owner);
      const again = row.used_by.indexOf(nodeId);
      const use = again >= 0 ? again : row.used_by.length;
      const label = row.label ?? `node-${nodeId.slice(0, 8)}`;
      const admitted = { owner: row.owner, label: use === 0 ? label : `${label}-${use + 1}`, tags: row.tags };
      if (again >= 0) return admitted;
      requireUse(row);
      await tx`update join_tokens set uses_left = uses_left - 1, used_by = array_append(used_by, ${nodeId})
        where token_id = ${id}`;
      return admitted;
    });
  }

  /** Nodes that joined with it, in their order. */
  async usersOf(tokenId: string): Promise<readonly string[]> {
    const [row] = await this.#deps.sql<{ used_by: string[] }[]>`
      select used_by from join_tokens where token_id = ${tokenId}`;
    return row?.used_by ?? [];
  }

  /** The token's row, held against others that spend it. A use counts for the hour from the moment that it is spent. */
  async #locked(tx: Transaction, id: string, address: string | undefined): Promise<TokenRow | undefined> {
    const hourAgo = new Date(this.#deps.clock.now() - HOUR_MS);
    const [row] = await tx<TokenRow[]>`
      select t.*, t.address_range is not null
          and not coalesce(${inetOf(address)}::inet <<= t.address_range::inet, false) as elsewhere,
        (select count(*)::int from unnest(t.used_by) u(node_id) left join nodes n using (node_id)
          where n.created_at is null or n.created_at > ${hourAgo}) as joined_this_hour
      from join_tokens t where token_id = ${id} for update of t`;
    return row;
  }

  #requireOpen(row: TokenRow, owner: string | undefined): void {
    if (row.expires_at.getTime() <= this.#deps.clock.now())
      throw new EnrolmentError(
        'join_token_expired',
        `the join token expired at ${row.expires_at.toISOString()}: make a new one in the console`,
      );
    if (row.elsewhere)
      throw new EnrolmentError(
        'join_token_elsewhere',
        'the join token is for another network than the one that this node calls from',
      );
    if (owner !== undefined && owner !== '' && owner !== row.owner)
      throw new EnrolmentError(
        'node_of_another_owner',
        'this node is registered to another owner: it keeps its owner, or gets a new identity',
      );
  }
}

function requireUse(row: TokenRow): void {
  if (row.uses_left === 0)
    throw new EnrolmentError(
      'join_token_used',
      'the join token has been used: make a new one in the console',
    );
  if (row.max_per_hour !== null && row.joined_this_hour >= row.max_per_hour)
    throw new EnrolmentError(
      'join_throttled',
      `${row.joined_this_hour} nodes joined with this token within the hour, as many as it allows: try again later`,
    );
}

/** @throws EnrolmentError `bad_label`, `bad_request`. */
function check(request: JoinTokenRequest): void {
  const { label, uses = 1, ttlMs = TTL_MS.usual, maxPerHour = 1, addressRange } = request;
  const bytes = Buffer.byteLength(label ?? '-');
  if (bytes < 1 || bytes > LABEL_BYTES)
    throw new EnrolmentError('bad_label', `the label has ${bytes} bytes; 1 to ${LABEL_BYTES} are the bounds`);
  const bounds: readonly [problem: string, holds: boolean][] = [
    [`${uses} uses; 1 to ${MAX_USES} are possible`, isWithin(uses, 1, MAX_USES)],
    [
      `a life of ${ttlMs / 60_000} minutes; one minute to 30 days is possible`,
      isWithin(ttlMs, TTL_MS.least, TTL_MS.most),
    ],
    [`${maxPerHour} nodes an hour; 1 to ${MAX_USES} are possible`, isWithin(maxPerHour, 1, MAX_USES)],
    [
      `the address range '${addressRange}'; a CIDR range like 203.0.113.0/24 is expected`,
      addressRange === undefined || isRange(addressRange),
    ],
  ];
  const broken = bounds.find(([, holds]) => !holds);
  if (broken !== undefined) throw new EnrolmentError('bad_request', `no join token with ${broken[0]}`);
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function isRange(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const most = { 4: 32, 6: 128 }[isIP(address)];
  return rest.length === 0 && most !== undefined && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most;
}

/** As PostgreSQL compares it: IPv4 in its own form. */
function inetOf(address: string | undefined): string | null {
  const plain = address?.startsWith('::ffff:') ? address.slice(7) : address;
  return plain !== undefined && isIP(plain) !== 0 ? plain : null;
}
