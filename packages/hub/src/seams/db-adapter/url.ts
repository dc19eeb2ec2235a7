import type { DbAdapter } from './adapter.ts';
import { DatabaseError } from './error.ts';
import { PoolAdapter, type PoolOptions } from './pool-adapter.ts';
import type { Endpoint, SslMode } from './pools.ts';

export interface UrlOptions extends PoolOptions {
  /** `postgres://user:password@host[:port][,host…]/database[?sslmode=…|host=/socket/directory]` */
  readonly url: string;
}

const DEFAULT_PORT = 5432;
const SSL: Readonly<Record<string, SslMode>> = {
  disable: false,
  prefer: 'prefer',
  require: 'require',
  'verify-full': 'verify-full',
};

/** @throws {DatabaseError} for a URL that can't be read, a server that can't be reached or is older than 15. */
export async function openUrl({ url, ...options }: UrlOptions): Promise<DbAdapter> {
  const adapter = new PoolAdapter('url', parseDatabaseUrl(url), options);
  try {
    await adapter.requireVersion();
    return adapter;
  } catch (error) {
    await adapter.close();
    throw error;
  }
}

/** Messages never repeat the URL: it holds a password. */
export function parseDatabaseUrl(url: string): Endpoint {
  const hosts = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url)?.[1];
  const parsed = hosts === undefined ? null : URL.parse(url.replace(hosts, hosts.split(',')[0]!));
  if (!parsed) throw invalid('it is no postgres:// URL');
  const { sslmode = 'prefer', host: socketDirectory, ...unknown } = Object.fromEntries(parsed.searchParams);
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw invalid(`the parameter '${stranger}' is not one of sslmode, host`);
  const ssl = SSL[sslmode];
  if (ssl === undefined) throw invalid(`sslmode '${sslmode}' is not one of ${Object.keys(SSL).join(', ')}`);
  const database = decodeURIComponent(parsed.pathname.slice(1));
  const user = decodeURIComponent(parsed.username);
  if (user === '') throw invalid('it names no user');
  if (database === '') throw invalid('it names no database');
  if (hosts === '' && socketDirectory === undefined) throw invalid('it names no host');
  const port = parsed.port === '' ? DEFAULT_PORT : Number(parsed.port);
  return {
    // An address in brackets is the URL's form of it, not the resolver's.
    host: hosts?.includes(',') ? hosts : parsed.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port,
    ...(socketDirectory !== undefined && { path: `${socketDirectory}/.s.PGSQL.${port}` }),
    user,
    password: decodeURIComponent(parsed.password),
    database,
    ssl: socketDirectory === undefined ? ssl : false,
  };
}

function invalid(problem: string): DatabaseError {
  return new DatabaseError(
    'database_url_invalid',
    `The database URL can't be used: ${problem}. Expected postgres://user:password@host:5432/database.`,
  );
}
