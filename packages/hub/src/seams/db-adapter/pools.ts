import type { Socket } from 'node:net';
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
  const { path, host, port } = endpoint;
  const dialler = path === undefined ? new Dialler(placesOf(host, port), CONNECT_S * 1_000) : undefined;
  return connect(endpoint, {
    ...{ log, max, target_session_attrs: 'read-write' },
    ...(dialler && { socket: () => dialler.dial() }),
  });
}

/** Where one is far away, the page waits for no longer than this before the database itself is asked. */
const REPLICA_CONNECT_MS = 2_000;
/** A connection that went to the database itself comes back to a replica by then. */
const REPLICA_LIFETIME_S = 300;

/** Users, passwords and databases are those of the endpoint: a replica has no others. */
export function connectReplicas(endpoint: Endpoint, replicas: string, log: DbLog, max: number): Sql {
  const { path, ...tcp } = endpoint;
  const { host, port } = tcp;
  const dialler = new Dialler(placesOf(replicas, port), REPLICA_CONNECT_MS);
  const own = path === undefined ? placesOf(host, port) : [{ host, port, path }];
  const primary = new Dialler(own, CONNECT_S * 1_000);
  return connect(tcp, {
    ...{ log, max, max_lifetime: REPLICA_LIFETIME_S, socket: () => dialler.dialBefore(primary) },
    session: { default_transaction_read_only: 'on' },
  });
}

/** `socket` is left out by the types of postgres.js. */
interface Way extends Pick<postgres.Options<never>, 'max' | 'max_lifetime' | 'target_session_attrs'> {
  readonly log: DbLog;
  readonly socket?: () => Promise<Socket>;
  readonly session?: Readonly<Record<string, string>>;
}

function connect({ password, ...where }: Endpoint, { log, session, ...way }: Way): Sql {
  return postgres({
    ...where,
    ...way,
    // A function, since an empty string would fall through to the environment.
    password: () => password,
    types: { bigint: postgres.BigInt },
    connect_timeout: CONNECT_S,
    idle_timeout: IDLE_S,
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
      ...session,
    },
    onnotice: (notice) => log.debug({ text: notice['message'] }, 'database notice'),
  });
}
