import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog, type DbAdapter, type Hub, openUrl } from '@stoa/hub';
import { createNetwork, type SimulatedNetwork } from '../chainweb/index.ts';
import { openTestHub, type TestHub } from './hub.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { createRegion, type TestRegion } from './region.ts';
import { ShiftedClock } from './shifted-clock.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { random } from './wire-agent.ts';

type NodeSession = NonNullable<ReturnType<Hub['agents']['gateway']['sessions']['get']>>;

/** A region and its database, on which hubs are started: side by side as instances, or one after the other as restarts. */
export class HubSite implements AsyncDisposable {
  readonly clock: ShiftedClock;
  readonly region: TestRegion;
  readonly postgres: PostgresServer;
  /** The hubs' database, from outside. */
  readonly database: DbAdapter;
  readonly #parts: { url: string; directory: string; network: SimulatedNetwork };
  readonly #stack: AsyncDisposableStack;

  private constructor(
    by: Pick<HubSite, 'clock' | 'region' | 'postgres' | 'database'> & {
      parts: { url: string; directory: string; network: SimulatedNetwork };
      stack: AsyncDisposableStack;
    },
  ) {
    this.clock = by.clock;
    this.region = by.region;
    this.postgres = by.postgres;
    this.database = by.database;
    this.#parts = by.parts;
    this.#stack = by.stack;
  }

  static async open(): Promise<HubSite> {
    await using opening = new AsyncDisposableStack();
    const clock = new ShiftedClock();
    const { path: directory } = opening.use(await temporaryDirectory());
    const postgres = opening.use(await startPostgres());
    const region = opening.use(await createRegion({ clock, random }));
    const url = await postgres.createDatabase('socket');
    const database = await openUrl({ url, log: createLog({ level: 'error' }) });
    opening.defer(() => database.close());
    const network = createNetwork({ seed: 1, clock, history: 20 });
    const parts = { url, directory, network };
    return new HubSite({ clock, region, postgres, database, parts, stack: opening.move() });
  }

  /** A hub of the region; where it ran before, it comes back on what it kept. The caller closes it. */
  async start(
    instance: 'hub-1' | 'hub-2' = 'hub-1',
    env: Readonly<Record<string, string>> = {},
  ): Promise<TestHub> {
    const { url, directory, network } = this.#parts;
    const dataDir = join(directory, instance);
    await mkdir(dataDir, { recursive: true });
    return openTestHub({
      clock: this.clock,
      region: this.region,
      network,
      dataDir,
      env: { INSTANCE: instance, ...env },
      openDatabase: (log) => openUrl({ url, log }),
    });
  }

  async eventsOf(nodeId: string): Promise<{ kind: string; detail: Record<string, unknown> }[]> {
    return this.database.sql`select kind, detail from node_events where node_id = ${nodeId} order by id`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

export function sessionAt({ hub }: TestHub, nodeId: string): NodeSession | undefined {
  return hub.agents.gateway.sessions.get(nodeId);
}
