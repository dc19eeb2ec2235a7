import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createLog, loadConfig, settingsInForce, systemClock } from '@stoa/hub';
import { watchRights } from '@stoa/hub/accounts';
import { S3Storage } from '@stoa/hub/archives';
import { createBootstrap, SSH_QUEUE_POLICY } from '@stoa/hub/bootstrap';
import { Bus } from '@stoa/hub/bus';
import { AllowedAddresses } from '@stoa/hub/egress';
import { HistoryRecorder, HistoryStore, PartitionKeeper } from '@stoa/hub/history';
import { createJobTools } from '@stoa/hub/jobs';
import { ArtefactStore, JoinSteps, loadInstaller } from '@stoa/hub/joining';
import { createLedgerTools } from '@stoa/hub/ledger';
import { createMintTools } from '@stoa/hub/mint';
import { JoinTokens, Liveness, NodeRegistry } from '@stoa/hub/nodes';
import { createOrders } from '@stoa/hub/orders';
import { guardSource } from '@stoa/hub/payouts';
import { createReleases, type ReleaseSide } from '@stoa/hub/releases';
import { openUrl, type Sql } from '@stoa/hub/seams/db-adapter/index';
import { PgBossQueue } from '@stoa/hub/seams/job-queue/index';
import type { Mail } from '@stoa/hub/seams/mailer/index';
import { MemoryProbeCache, type ProbeCache } from '@stoa/hub/seams/probe-cache/index';
import { Vault } from '@stoa/hub/vault';
import { createWeb, type Web } from '@stoa/hub/web';
import { makeParties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import postgres from 'postgres';
import { seedFleet, seedHistory, standingHeads } from './fleet-rows.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface ConsoleWorld extends AsyncDisposable {
  readonly url: string;
  /** Of the database, for connections of one's own. */
  readonly databaseUrl: string;
  readonly sql: Sql;
  readonly bus: Bus;
  readonly web: Web;
  readonly liveness: Liveness;
  readonly server: Server;
  /** What was polled of nodes without an agent. */
  readonly probes: ProbeCache;
  /** Nothing is published, and no root is trusted, until a test does. */
  readonly releases: ReleaseSide;
  /** What the console sent, the newest last. */
  readonly mails: Mail[];
  /** The id of `node-000001` and so on. */
  nodeId(label: string): Promise<string>;
  /** Signs an admin in without a browser. @returns the cookie. */
  signIn(email?: string): Promise<string>;
  close(): Promise<void>;
}

/** The first of the list: most of its first page. */
const NODES_WITH_HISTORY = 40;

/** The console as a hub serves it, over a database of its own with seeded nodes; without gateway and agents. */
export async function openConsoleWorld({
  nodes,
  sharedBuffers,
  clock = systemClock,
  host = '127.0.0.1',
  env = {},
}: {
  nodes: number;
  host?: '127.0.0.1' | 'localhost';
  clock?: Clock;
  /** Settings of the hub: how the chain is asked whose key guards an account. */
  env?: Readonly<Record<string, string>>;
  /** Of the database, where its default is too small for what is measured: `512MB`. */
  sharedBuffers?: string;
}): Promise<ConsoleWorld> {
  await using opened = new AsyncDisposableStack();
  const databaseServer = opened.use(await startPostgres());
  if (sharedBuffers !== undefined) await setSharedBuffers(databaseServer, sharedBuffers);
  const log = createLog({ level: 'warn' });
  const database = opened.use(await openUrl({ url: databaseServer.url, log }));
  await database.migrate();
  const now = clock.now();
  await seedFleet(database.sql, { nodes, now });
  const history = new HistoryStore({ sql: database.sql });
  await new PartitionKeeper({ sql: database.sql, clock }).tick();
  const recorder = new HistoryRecorder({ clock, store: history, run: 'seed' });
  const nodeId = async (label: string) => {
    const [row] = await database.sql<{ node_id: string }[]>`select node_id from nodes where label = ${label}`;
    if (row === undefined) throw new Error(`no node is labelled ${label}`);
    return row.node_id;
  };
  const heard = await database.sql<
    { node_id: string }[]
  >`select node_id from nodes join node_status using (node_id) order by label limit ${NODES_WITH_HISTORY}`;
  for (const [shift, { node_id }] of heard.entries()) seedHistory(recorder, node_id, now, shift);
  await recorder.flush();
  const server = createServer();
  // A machine under load would close a connection just as the next request takes it.
  server.keepAliveTimeout = 60_000;
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const url = `http://${host}:${address.port}`;
  const bus = new Bus({ log });
  opened.defer(await watchRights({ sql: database.sql, bus, log }));
  const liveness = new Liveness({ clock });
  const heads = standingHeads(now);
  const rootFingerprint = nodeCrypto.hash(randomBytes(32));
  const { sql } = database;
  const parties = makeParties('console');
  const mails: Mail[] = [];
  const orders = createOrders({ sql, region: 'eu', clock, random: randomBytes, crypto: nodeCrypto });
  const tokens = new JoinTokens({
    ...{ sql, clock, random: randomBytes, crypto: nodeCrypto },
    hub: { origin: url, region: 'eu', rootFingerprint },
  });
  const installer = await loadInstaller({ origin: url, network: 'stoa' });
  const vault = new Vault({ keys: [randomBytes(32)], random: randomBytes });
  // Nobody takes its work: what is asked for stays queued.
  const queue = await PgBossQueue.open({ sql, policy: SSH_QUEUE_POLICY, log });
  opened.defer(() => queue.close());
  const probes = new MemoryProbeCache({ clock, maxNodes: 100 });
  const ssh = createBootstrap({
    ...{ sql, queue, tokens, installer, vault, clock, log, random: randomBytes },
    ...{ instance: 'hub-1', generation: 0, network: 'stoa', logDirectory: join(tmpdir(), 'no-logs-here') },
    egressAllow: new AllowedAddresses(['10.0.0.0/8']),
    registry: new NodeRegistry({ sql, clock, crypto: nodeCrypto }),
    cache: probes,
  });
  opened.defer(() => ssh.close());
  const { path: dataDir } = opened.use(await temporaryDirectory());
  const releases = createReleases({
    config: { ...loadConfig({}), dataDir },
    ...{ sql, vault, bus, clock, random: randomBytes, crypto: nodeCrypto, fetch, log, instanceId: 'hub-1' },
  });
  const web = await createWeb({
    mintActs: createMintTools({ sql, clock, region: 'eu', book: createLedgerTools({ sql, clock }).book })
      .intervention,
    guards: guardSource(loadConfig(env)),
    transactionUrl: loadConfig(env).transactionUrl,
    alerts: {
      instanceId: 'hub-1',
      mass: () => undefined,
      expiries: () => [],
      egressAllow: loadConfig({}).egressAllow,
      deadManUrl: undefined,
      healthy: async () => undefined,
    },
    mailer: {
      kind: 'log',
      send: async (mail) => void mails.push(mail),
      close: () => undefined,
    },
    signUp: 'open',
    adminEmail: 'admin@stoa.example',
    addressOf: ({ socket }) => socket.remoteAddress ?? 'unknown',
    join: {
      tokens,
      steps: new JoinSteps({ sql, clock }),
      artefacts: new ArtefactStore({
        directory: join(tmpdir(), 'no-artefacts-here'),
        region: 'eu',
        rootFingerprint,
        crypto: nodeCrypto,
        roots: async () => undefined,
        clock,
        log,
      }),
      installer,
    },
    ...{ ssh, releases },
    archives: new S3Storage({
      ...{ base: new URL('https://s3.example/backups'), region: 'eu-1', clock },
      ...{ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret' },
    }),
    orders,
    jobs: await createJobTools({
      ...{ sql, orders, liveness, heads, clock, random: randomBytes, fetch },
      logDirectory: join(tmpdir(), 'no-logs-here'),
    }),
    sql: database.sql,
    database,
    vault,
    bus,
    clock,
    random: randomBytes,
    log,
    signer: { key: parties.keys.instance, chain: () => parties.chain },
    publicUrl: url,
    heads,
    liveness,
    history,
    hub: () => ({
      version: '0.1.0',
      instanceId: 'hub-1',
      region: 'eu',
      network: 'stoa',
      startedAt: now - 3 * 3_600_000,
      database: database.kind,
      rssBytes: process.memoryUsage.rss(),
      loopLagMs: 11.2,
      sessions: nodes,
      framesPerSecond: nodes / 30,
      handshakes: { active: 2, waiting: 0, done: nodes, refused: 3, throttled: 0 },
      certificateNotAfter: now + 6 * 86_400_000,
      settings: settingsInForce(loadConfig({ REGION: 'eu', DATABASE_URL: 'postgres://hub:hunter2@db/stoa' })),
    }),
  });
  server.on('request', web.listener);
  opened.defer(async () => {
    web.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const signIn = async (email = 'admin@stoa.example') => {
    const link = await web.accounts.createLoginLink(email);
    const answer = await fetch(new URL('/sign-in', url), {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ link: link.split('/').at(-1)! }),
    });
    const [cookie] = answer.headers.getSetCookie();
    if (cookie === undefined) throw new Error(`signing in answered ${answer.status} without a cookie`);
    return cookie.split(';')[0]!;
  };
  const held = opened.move();
  const close = () => held.disposeAsync();
  const { url: databaseUrl } = databaseServer;
  const world = { url, databaseUrl, sql, bus, web, liveness, server, probes, releases, mails, nodeId };
  return { ...world, signIn, close, [Symbol.asyncDispose]: close };
}

async function setSharedBuffers(server: PostgresServer, size: string): Promise<void> {
  const sql = postgres(server.url, { max: 1 });
  try {
    await sql.unsafe(`alter system set shared_buffers = '${size}'`);
  } finally {
    await sql.end();
  }
  await server.stop();
  await server.start();
}
