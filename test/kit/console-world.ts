import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Bus } from '@stoa/hub/bus';
import { type HistoryReader, Liveness } from '@stoa/hub/nodes';
import { openUrl } from '@stoa/hub/seams/db-adapter/index';
import { createWeb, type Web } from '@stoa/hub/web';
import type { Sql } from 'postgres';
import { systemClock as clock } from '../../packages/hub/src/clock.ts';
import { createLog } from '../../packages/hub/src/log.ts';
import { seedFleet, standingHeads } from './fleet-rows.ts';
import { startPostgres } from './postgres.ts';

export interface ConsoleWorld extends AsyncDisposable {
  readonly url: string;
  readonly sql: Sql;
  readonly bus: Bus;
  readonly web: Web;
  readonly liveness: Liveness;
  readonly server: Server;
  close(): Promise<void>;
}

/** The console as a hub serves it, over a database of its own with seeded nodes; without gateway and agents. */
export async function openConsoleWorld({
  nodes,
  history,
}: {
  nodes: number;
  history: HistoryReader;
}): Promise<ConsoleWorld> {
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await startPostgres());
  const log = createLog({ level: 'warn' });
  const database = opened.use(await openUrl({ url: postgres.url, log }));
  await database.migrate();
  const now = clock.now();
  await seedFleet(database.sql, { nodes, now });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const bus = new Bus({ log });
  const liveness = new Liveness({ clock });
  const web = await createWeb({
    sql: database.sql,
    bus,
    clock,
    random: randomBytes,
    log,
    publicUrl: url,
    heads: standingHeads(now),
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
    }),
  });
  server.on('request', web.listener);
  opened.defer(async () => {
    web.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const held = opened.move();
  const close = () => held.disposeAsync();
  return { url, sql: database.sql, bus, web, liveness, server, close, [Symbol.asyncDispose]: close };
}
