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
  const [, front, hosts, rest] = /^(postgres(?:ql)?:\/\/(?:[^@/]*@)?)([^/?]*)(.*)$/.exec(url) ?? [];
  // WHATWG URLs know neither several hosts nor credentials without a host.
  const parsed =
    hosts === undefined ? null : URL.parse(`${front}${hosts.split(',')[0] || 'localhost'}${rest}`);
  if (!parsed) throw invalid('it is no postgres:// URL');
  const { sslmode = 'prefer', host: socketDirectory, ...unknown } = Object.fromEntries(parsed.searchParams);
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw invalid(`the parameter '${stranger}' is not one of sslmode, host`);
  const ssl = SSL[sslmode];
  if (ssl === undefined) throw invalid(`sslmode '${sslmode}' is not one of ${Object.keys(SSL).join(', ')}`);
  const database = decoded(parsed.pathname.slice(1));
  const user = decoded(parsed.username);
  if (user === '') throw invalid('it names no user');
  if (database === '') throw invalid('it names no database');
  if (hosts === '' && socketDirectory === undefined) throw invalid('it names no host');
  const port = parsed.port === '' ? DEFAULT_PORT : Number(parsed.port);
  return {
    // An address in brackets is the URL's form of it, not the resolver's.
    host: hosts?.includes(',') ? hosts : parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    ...(socketDirectory !== undefined && { path: `${socketDirectory}/.s.PGSQL.${port}` }),
    user,
    password: decoded(parsed.password),
    database,
    ssl: socketDirectory === undefined ? ssl : false,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw invalid('it has a % that begins no %-sequence (write %25)', { cause });
  }
}

function invalid(problem: string, options?: ErrorOptions): DatabaseError {
  return new DatabaseError(
    'database_url_invalid',
    `The database URL can't be used: ${problem}. Expected postgres://user:password@host:5432/database.`,
    options,
  );
}
