import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryDisk, VirtualClock } from '@stoa/agent';
import { openUrl } from '@stoa/hub';
import { NodeAccess } from '@stoa/hub/accounts';
import { type Census, createCensus } from '@stoa/hub/nodes';
import { EVERYTHING } from '@stoa/hub/viewer';
import { createNetwork } from '../chainweb/index.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { type PostgresServer, startPostgres } from '../kit/postgres.ts';
import { createRegion, type TestRegion } from '../kit/region.ts';
import { acceptOf, startWorld, type World, type WorldOptions } from '../world.ts';
import { asCoarseHubClock, asHubClock } from './clocks.ts';
import { idleQueue } from './idle-queue.ts';
import { passing } from './passing.ts';
import { Quiescence } from './quiescence.ts';
import { createDice } from './random.ts';

export interface VirtualWorldOptions
  extends Pick<
    WorldOptions,
    | 'nodes'
    | 'place'
    | 'past'
    | 'mischief'
    | 'spared'
    | 'pollCutMs'
    | 'logDays'
    | 'loggers'
    | 'audited'
    | 'latency'
    | 'onLog'
  > {
  readonly seed?: number;
  /** The hub's tasks run at most so often; 0: by their own periods, which costs real I/O at each. */
  readonly stepMs?: number;
  /** Heights of the chain that were mined before. */
  readonly history?: number;
  /** Of the hub. */
  readonly env?: Readonly<Record<string, string>>;
}

const STEP_MS = 5_000;
const NOON = Date.UTC(2026, 10, 25, 12);

/** Hub, fleet and chain on one virtual clock, over a real database. The same course of events for the same seed. */
export class VirtualWorld implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly #parts: Parts;
  readonly #options: VirtualWorldOptions;
  #hub: TestHub | undefined;

  private constructor(options: VirtualWorldOptions, parts: Parts, started: { hub: TestHub; world: World }) {
    this.#options = options;
    this.#parts = parts;
    this.clock = parts.clock;
    this.#hub = started.hub;
    this.world = started.world;
  }

  static async open(options: VirtualWorldOptions): Promise<VirtualWorld> {
    const { seed = 1, history } = options;
    await using stack = new AsyncDisposableStack();
    const quiescence = new Quiescence();
    const clock = new VirtualClock(NOON, quiescence.settle);
    const dice = createDice(seed);
    const postgres = stack.use(await startPostgres());
    const dataDir = await mkdtemp(join(tmpdir(), 'stoa-virtual-'));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    const keys = dice.fork('keys').bytes;
    const region = stack.use(await createRegion({ clock, random: keys, disk: new MemoryDisk() }));
    const network = createNetwork({ seed, clock, ...(history && { history }) });
    network.addNode({ name: 'reference' });
    const databaseUrl = await postgres.createDatabase('socket');
    const parts = {
      clock,
      quiescence,
      postgres,
      databaseUrl,
      dataDir,
      region,
      network,
      dice,
      stack: stack.move(),
    };
    const hub = await openHubOf(parts, options);
    const world = await startWorld({
      ...options,
      hub: hub.hub,
      database: hub.database,
      signer: region.signer,
      network,
      random: keys,
      clock,
      seed,
    });
    return new VirtualWorld(options, parts, { hub, world });
  }

  /** @throws while there is none. */
  get hub(): TestHub {
    if (this.#hub === undefined) throw new Error('the hub is down');
    return this.#hub;
  }

  /** How many nodes the console shows in each state. */
  async states(): Promise<Census['byState']> {
    const { hub, database } = this.hub;
    const { sql } = database;
    const access = new NodeAccess({ sql });
    const census = createCensus({ sql, access, clock: this.clock, liveness: hub.liveness });
    return (await census.read(EVERYTHING)).byState;
  }

  /** Lets virtual time pass until the work is done. */
  while<T>(work: Promise<T>): Promise<T> {
    return passing(this.clock, 100, work);
  }

  /** Lets virtual time pass until the condition holds. @throws where it does not within `limitMs`. */
  async until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<number> {
    const from = this.clock.monotonic();
    while (!(await holds())) {
      if (this.clock.monotonic() - from > limitMs) throw new Error(`${what}: not within ${limitMs} ms`);
      await this.clock.advance(Math.min(1_000, limitMs / 10));
    }
    return this.clock.monotonic() - from;
  }

  /** The hub is gone, and nobody listens in its place. */
  async stopHub(): Promise<void> {
    const hub = this.hub;
    this.#hub = undefined;
    this.world.attach(undefined);
    await this.while(hub.hub.close());
  }

  async startHub(): Promise<void> {
    this.#hub = await this.while(openHubOf(this.#parts, this.#options));
    this.world.attach(acceptOf(this.hub.hub));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.while(this.world.close());
    if (this.#hub !== undefined) await this.stopHub();
    await this.#parts.stack.disposeAsync();
  }
}

interface Parts {
  readonly clock: VirtualClock;
  readonly quiescence: Quiescence;
  readonly postgres: PostgresServer;
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly region: TestRegion;
  readonly network: ReturnType<typeof createNetwork>;
  readonly dice: ReturnType<typeof createDice>;
  readonly stack: AsyncDisposableStack;
}

function openHubOf(parts: Parts, { stepMs = STEP_MS, env }: VirtualWorldOptions): Promise<TestHub> {
  const { clock, quiescence, databaseUrl, dataDir, region, network, dice } = parts;
  return openTestHub({
    clock: stepMs === 0 ? asHubClock(clock) : asCoarseHubClock(clock, stepMs),
    env: { CHAINWEB_URL: network.nodes[0]!.serviceUrl, SSH_WORKER: 'elsewhere', ...env },
    dataDir,
    region,
    network,
    random: dice.fork('hub').bytes,
    queue: idleQueue(),
    openDatabase: async (log) => quiescence.observe(await openUrl({ url: databaseUrl, log })),
  });
}
