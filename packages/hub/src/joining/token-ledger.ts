import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { notFound } from '../http-error.ts';
import type { JoinTokenRequest, JoinTokens } from '../nodes/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import { isTokenId } from './steps.ts';

/** A join token as its owner sees it: everything but its secret, which nobody has. */
export interface TokenRecord {
  readonly tokenId: string;
  readonly owner: string;
  readonly label: string | undefined;
  readonly tags: readonly string[];
  readonly maxUses: number;
  readonly usesLeft: number;
  /** Node ids, in order of use. */
  readonly usedBy: readonly string[];
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
}

export type TokenState = 'open' | 'used' | 'ended' | 'revoked';

export interface TokenPage {
  readonly tokens: readonly TokenRecord[];
  /** What `page` takes for those after these. */
  readonly next: string | undefined;
}

interface Row {
  token_id: string;
  owner: string;
  label: string | null;
  tags: string[];
  max_uses: number;
  uses_left: number;
  used_by: string[];
  created_by: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}

const PAGE = 50;
const CURSOR = /^(\d{1,15})-([0-9a-f]{32})$/;

/** Who may see and end which join token: its owner, and an Ancient Admin. Each act is audited before it is done. */
export class TokenLedger {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #tokens: JoinTokens;
  readonly #audit: AuditLog;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'>; tokens: JoinTokens; audit: AuditLog }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#tokens = by.tokens;
    this.#audit = by.audit;
  }

  /** Returns the token's text, shown once. @throws EnrolmentError `bad_label`, `bad_request`. */
  create(viewer: Viewer, request: Omit<JoinTokenRequest, 'owner' | 'createdBy'>): Promise<string> {
    const { email } = viewer;
    const { label, tags, uses, ttlMs } = request;
    return this.#tokens.create({ ...request, owner: email, createdBy: email }, (tokenId) =>
      this.#audit.append({
        actor: email,
        act: 'token.create',
        subject: tokenId,
        owner: email,
        detail: { label, tags, uses, ttlMs },
      }),
    );
  }

  /** @throws HttpError `not_found`, also for what the viewer may not see. */
  async get(viewer: Viewer, tokenId: string): Promise<TokenRecord> {
    const [record] = await this.seen(viewer, [tokenId]);
    if (record === undefined) throw notFound('This join token');
    return record;
  }

  /** Those of `ids` that the viewer may see. */
  async seen(viewer: Viewer, ids: readonly string[]): Promise<readonly TokenRecord[]> {
    const known = ids.filter(isTokenId);
    if (known.length === 0) return [];
    const sql = this.#sql;
    const rows = await sql<Row[]>`select ${columns(sql)} from join_tokens
      where token_id = any(${known}::text[]) and ${mine(sql, viewer)}`;
    return rows.map(toRecord);
  }

  /** By id, whoever asks: for what was let pass by `seen`. */
  async byIds(ids: readonly string[]): Promise<readonly TokenRecord[]> {
    const sql = this.#sql;
    const rows = await sql<
      Row[]
    >`select ${columns(sql)} from join_tokens where token_id = any(${[...ids]}::text[])`;
    return rows.map(toRecord);
  }

  /** The newest first. A cursor that this never gave begins anew. */
  async page(viewer: Viewer, after: string | undefined): Promise<TokenPage> {
    const sql = this.#sql;
    const [, at, id] = CURSOR.exec(after ?? '') ?? [];
    const beyond =
      at === undefined || id === undefined
        ? sql`true`
        : sql`(created_at, token_id) < (${new Date(Number(at))}, ${id})`;
    const rows = await sql<
      Row[]
    >`select ${columns(sql)} from join_tokens where ${mine(sql, viewer)} and ${beyond}
      order by created_at desc, token_id desc limit ${PAGE + 1}`;
    const tokens = rows.slice(0, PAGE).map(toRecord);
    const last = rows.length > PAGE ? tokens.at(-1) : undefined;
    return { tokens, next: last && `${last.createdAt}-${last.tokenId}` };
  }

  /** Idempotent: nodes that joined with it stay. @throws HttpError `not_found`. */
  async revoke(viewer: Viewer, tokenId: string): Promise<void> {
    const { revokedAt, owner } = await this.get(viewer, tokenId);
    if (revokedAt !== undefined) return;
    await this.#audit.append({ actor: viewer.email, act: 'token.revoke', subject: tokenId, owner });
    await this.#sql`update join_tokens set revoked_at = ${new Date(this.#clock.now())}
      where token_id = ${tokenId} and revoked_at is null`;
  }
}

export function tokenState(token: TokenRecord, now: number): TokenState {
  if (token.revokedAt !== undefined) return 'revoked';
  if (token.usesLeft === 0) return 'used';
  return token.expiresAt <= now ? 'ended' : 'open';
}

function columns(sql: Sql) {
  return sql`token_id, owner, label, tags, max_uses, uses_left, used_by, created_by, created_at, expires_at, revoked_at`;
}

function mine(sql: Sql, viewer: Viewer) {
  return isAtLeast(viewer, 'ancient') ? sql`true` : sql`owner = ${viewer.email}`;
}

function toRecord(row: Row): TokenRecord {
  return {
    tokenId: row.token_id,
    owner: row.owner,
    label: row.label ?? undefined,
    tags: row.tags,
    maxUses: row.max_uses,
    usesLeft: row.uses_left,
    usedBy: row.used_by,
    createdBy: row.created_by,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    revokedAt: row.revoked_at?.getTime(),
  };
}
