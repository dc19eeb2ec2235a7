import postgres from 'postgres';
import type { DbLog, Sql } from './adapter.ts';
import { Dialler, placesOf } from './dial.ts';

/** Where a server is. */
export interface Endpoint {
  /** A name or address, or several as `a:5432,b:5432`, of which the one that takes writes is used. */
  readonly host: string;
  readonly port: number;
  /** The socket's file, instead of host and port. */
  readonly path?: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl: SslMode;
}

export type SslMode = 'prefer' | 'require' | 'verify-full' | false;

const CONNECT_S = 10;
const IDLE_S = 60;

/** postgres.js fills every gap from PGHOST, PGUSER, PGPASSWORD, … by itself, so no gap is left. */
export function connectSql(endpoint: Endpoint, log: DbLog, max: number): Sql {
  const { password, ...where } = endpoint;
  return postgres({
    ...where,
    ...(where.path === undefined && dialling(where)),
    // A function, since an empty string would fall through to the environment.
    password: () => password,
    max,
    types: { bigint: postgres.BigInt },
    connect_timeout: CONNECT_S,
    idle_timeout: IDLE_S,
    target_session_attrs: 'read-write',
    prepare: true,
    fetch_types: true,
    debug: false,
    connection: {
      application_name: 'stoa-hub',
      TimeZone: 'UTC',
      client_min_messages: 'warning',
      // A page's statement takes milliseconds: waiting for workers of its own costs more, and they take other pages' time.
      // As text: postgres.js leaves a 0 out.
      max_parallel_workers_per_gather: '0',
      // Compiling a statement that looks dear takes 100 to 250 ms, and hardly one is as dear as it looks.
      jit: 'off',
    },
    onnotice: (notice) => log.debug({ text: notice['message'] }, 'database notice'),
  });
}

/** The types of postgres.js leave its option `socket` out. */
function dialling({ host, port }: Pick<Endpoint, 'host' | 'port'>): object {
  const dialler = new Dialler(placesOf(host, port), CONNECT_S * 1_000);
  return { socket: () => dialler.dial() };
}
