import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import type { DBAdapter, Where } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { drizzle } from 'drizzle-orm/pg-proxy';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import {
  authRateLimits,
  userCredentials,
  userPasskeys,
  userSessions,
  users,
  userTwoFactors,
  userVerifications,
} from './schema.ts';

const schema = {
  user: users,
  session: userSessions,
  account: userCredentials,
  verification: userVerifications,
  twoFactor: userTwoFactors,
  passkey: userPasskeys,
  rateLimit: authRateLimits,
};

type OpenAdapter = ReturnType<typeof drizzleAdapter>;
type Adapter = ReturnType<OpenAdapter>;

/** Lets better-auth and what is written beside it stand or fall together: it takes no transaction, and asks for none. */
export class AuthTransactions {
  readonly #sql: Sql;
  readonly #current = new AsyncLocalStorage<TransactionSql>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The transaction under way, or undefined. */
  get current(): TransactionSql | undefined {
    return this.#current.getStore();
  }

  /** All that better-auth does within `work` is done in the transaction, undone where `work` rejects. */
  async run<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return (await this.#sql.begin((tx) => this.#current.run(tx, () => work(tx)))) as T;
  }
}

/**
 * better-auth over the hub's own connections. Through drizzle's proxy driver, because its driver for postgres.js changes
 * how that client reads dates, for everybody who uses it.
 */
export function authDatabase(sql: Sql, transactions: AuthTransactions): OpenAdapter {
  const db = drizzle(
    async (query, params, method) => {
      const pending = (transactions.current ?? sql).unsafe(query, params as never[]);
      return { rows: method === 'all' ? await pending.values() : await pending };
    },
    { schema },
  );
  const open = drizzleAdapter(db, { provider: 'pg', schema });
  return (options) => withHashedTokens(open(options));
}

/** As sessions are stored: a copy of the database lets nobody in. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

interface Query {
  model: string;
  where?: Where[] | undefined;
}

/** Lets better-auth work with tokens while the table holds their hashes. */
function withHashedTokens(inner: Adapter): Adapter {
  const hashed = <Q extends Query>(query: Q): Q => ({
    ...query,
    ...(query.where && { where: query.where.map(hashedTerm) }),
  });
  const own = ({ model }: Query) => model === 'session';
  /** Rows as they were asked for: by the token that the caller knows. */
  const restored = <T>(row: T, asked: readonly string[]): T => {
    if (row === null || typeof row !== 'object' || !('token' in row)) return row;
    const token = asked.find((known) => tokenHash(known) === row.token);
    return token === undefined ? row : { ...row, token };
  };
  const adapter: DBAdapter = {
    ...inner,
    async create(query) {
      if (!own(query)) return inner.create(query);
      const { token } = query.data as unknown as { token: string };
      const row = await inner.create({ ...query, data: { ...query.data, token: tokenHash(token) } });
      return restored(row, [token]) as never;
    },
    async findOne(query) {
      return own(query)
        ? restored(await inner.findOne(hashed(query)), askedFor(query))
        : inner.findOne(query);
    },
    async findMany(query) {
      if (!own(query)) return inner.findMany(query);
      const rows = await inner.findMany(hashed(query));
      return rows.map((row) => restored(row, askedFor(query))) as never;
    },
    async update(query) {
      return own(query) ? restored(await inner.update(hashed(query)), askedFor(query)) : inner.update(query);
    },
    updateMany: (query) => inner.updateMany(own(query) ? hashed(query) : query),
    delete: (query) => inner.delete(own(query) ? hashed(query) : query),
    transaction: (work) => inner.transaction((within) => work(withHashedTokens(within as Adapter))),
    deleteMany: (query) => inner.deleteMany(own(query) ? hashed(query) : query),
  };
  return adapter as Adapter;
}

function hashedTerm(term: Where): Where {
  if (term.field !== 'token') return term;
  const { value } = term;
  return {
    ...term,
    value: Array.isArray(value) ? value.map((each) => tokenHash(String(each))) : tokenHash(String(value)),
  };
}

function askedFor({ where = [] }: Query): string[] {
  return where.filter(({ field }) => field === 'token').flatMap(({ value }) => [value].flat().map(String));
}
