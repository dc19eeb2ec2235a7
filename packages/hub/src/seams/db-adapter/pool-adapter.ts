import { setTimeout as sleep } from 'node:timers/promises';
import type { DbAdapter, DbLog, Sql } from './adapter.ts';
import { DatabaseError } from './error.ts';
import { applyMigrations } from './migrate.ts';
import { connectReplicas, connectSql, type Endpoint } from './pools.ts';

const CHECK_MS = 2_000;
/** Longer than a connection may take: a process that starts is busy with itself. */
const OPENING_MS = 20_000;
const DRAIN_S = 5;
const OLDEST_VERSION = 150_000;
const POOL_SIZE = 10;

export interface PoolOptions {
  readonly log: DbLog;
  /** Connections at most; they open on demand. */
  readonly poolSize?: number;
  readonly migrationsFolder?: string;
  /** Hosts of read replicas, as `a:5432,b`. */
  readonly replicas?: string | undefined;
}

/** Both back ends are this over an endpoint; `afterEnd` is what the embedded one adds. */
export class PoolAdapter implements DbAdapter {
  readonly kind: 'embedded' | 'url';
  readonly sql: Sql;
  readonly replica: Sql;
  readonly #endpoint: Endpoint;
  readonly #options: PoolOptions;
  readonly #afterEnd: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(
    kind: 'embedded' | 'url',
    endpoint: Endpoint,
    options: PoolOptions,
    afterEnd: () => Promise<void> = async () => {},
  ) {
    this.kind = kind;
    const { log, poolSize = POOL_SIZE, replicas } = options;
    this.sql = connectSql(endpoint, log, poolSize);
    this.replica = replicas === undefined ? this.sql : connectReplicas(endpoint, replicas, log, poolSize);
    this.#endpoint = endpoint;
    this.#options = options;
    this.#afterEnd = afterEnd;
  }

  /** @throws {DatabaseError} `database_version_unsupported` for a server that is too old. */
  async requireVersion(): Promise<void> {
    await this.#answersWithin(OPENING_MS);
    const [row] = await this.sql`select current_setting('server_version_num')::int as number`;
    if (row?.['number'] >= OLDEST_VERSION) return;
    throw new DatabaseError(
      'database_version_unsupported',
      `The database server has version ${row?.['number']}: PostgreSQL 15 or newer is needed.`,
    );
  }

  migrate({ until }: { until?: number } = {}): Promise<void> {
    const { log, migrationsFolder } = this.#options;
    return applyMigrations(this.#endpoint, log, { folder: migrationsFolder, until });
  }

  check(): Promise<void> {
    return this.#answersWithin(CHECK_MS);
  }

  async #answersWithin(ms: number): Promise<void> {
    const timer = new AbortController();
    try {
      await Promise.race([
        this.sql`select 1`,
        sleep(ms, undefined, { signal: timer.signal }).then(() => {
          throw new Error(`no answer within ${ms} ms`);
        }),
      ]);
    } catch (cause) {
      throw new DatabaseError(
        'database_unavailable',
        `The ${this.kind} database '${this.#endpoint.database}' does not answer: ${(cause as Error).message || 'see the cause'}.`,
        { cause },
      );
    } finally {
      timer.abort();
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    try {
      // Ending one twice is nothing.
      await Promise.all([this.sql, this.replica].map((sql) => sql.end({ timeout: DRAIN_S })));
    } finally {
      await this.#afterEnd();
    }
  }
}
