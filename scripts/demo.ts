/** `pnpm demo`: a hub with a lively simulated fleet, in a temporary directory; until Ctrl-C. */
import { fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MemoryDisk } from '@stoa/agent';
import { systemClock as clock, type DbAdapter, type Hub, PrivateFile, VERSION } from '@stoa/hub';
import { createNetwork, type SimulatedNetwork } from '../test/chainweb/index.ts';
import { openTestHub } from '../test/kit/hub.ts';
import { createRegion, type TestRegion } from '../test/kit/region.ts';
import { random } from '../test/kit/wire-agent.ts';
import { seedBackdrop } from '../test/world/backdrop.ts';
import { WayToFleet } from '../test/world/crossing.ts';
import { storePast } from '../test/world/past.ts';
import { nameAccounts } from '../test/world/payouts.ts';
import { placesOf, settle } from '../test/world.ts';
import type { FleetStart, Muster, ToFleet, ToHub } from './demo-fleet.ts';
import { DemoRollout } from './demo-rollout.ts';

const HELP = `Usage: pnpm demo [--nodes N] [--live M] [--port P] [--seed S] [--rollout]

  --nodes N  how large the fleet is (default 1000)
  --live M   how many of them are real agent cores, in processes of their own (default: all up to 10000, 2000 of a
             larger fleet); the others are rows in the database, kept fresh by a statement, to see the console at that size
  --port P   port of the console (default: any free one)
  --seed S   number from which labels, figures and the script of faults follow (default 1)
  --rollout  nodes update themselves: a sound release goes ring by ring through the fleet, then one that dies on 3 % of
             the nodes, which halts. A rehearsal: an hour of soaking takes half a minute

The nodes follow a simulated chain. About one in twelve is in trouble at any time: behind, on a fork, offline, flapping,
its chainweb down, its probe stuck, its clock wrong, its disk full, its directory copied. Outages that begin while it runs
are short: what a node that seemed online was asked to do is done within a minute or two.
1000 nodes take about a quarter of a core and 0.6 GB; 10000 two cores and some GB of memory.
While it runs, pnpm hub … is its command line: pnpm hub nodes ls -q state:offline
Everything is thrown away at the end. Exit codes: 0 stopped, 1 failed, 2 wrong use`;

/** Where `pnpm hub` finds the demo that runs: `hub.sh`. */
const DEMO_DATA = 'node_modules/.cache/demo-data';
const MOST_LIVE = 10_000;
const LIVE_OF_MANY = 2_000;
/** Of an outage that begins while the demo runs. */
const OUTAGE_MS = 60_000;
/** Ten thousand agents are more than V8 would give by itself, and most of what they make is short-lived. */
const FLEET_MEMORY = ['--max-old-space-size=8192', '--max-semi-space-size=64'];
/** Above that, agents ask their chain for its tips and report more seldom, and live in several processes. */
const COMFORTABLE = 2_000;
/** More would only take memory: the hub is one process too. */
const MOST_FLEETS = 4;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Times as fast as in earnest: the longest soak, a day, takes twelve minutes. */
const REHEARSAL = 120;

interface DemoOptions {
  readonly nodes: number;
  readonly live: number;
  readonly port: number;
  readonly seed: number;
  readonly rollout: boolean;
}

function readOptions(): DemoOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      ...{ nodes: text, live: text, port: text, seed: text },
      rollout: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const nodes = wholeNumber('nodes', values.nodes ?? '1000', 1, 1_000_000);
  const live = values.live ?? String(nodes > MOST_LIVE ? LIVE_OF_MANY : nodes);
  return {
    nodes,
    live: wholeNumber('live', live, 0, nodes),
    port: wholeNumber('port', values.port ?? '0', 0, 65_535),
    seed: wholeNumber('seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    rollout: values.rollout,
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`--${name} ${text}: a whole number from ${least} to ${most} expected`);
  return value;
}

/**
 * At its end nothing is written down and nobody says goodbye, since all of it is thrown away: the database stops, and
 * the process with it.
 */
async function demo(options: DemoOptions, signal: AbortSignal): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stoa-demo-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  await mkdir(dirname(DEMO_DATA), { recursive: true });
  await writeFile(DEMO_DATA, `${dataDir}\n`);
  console.log('Starting the hub …');
  const network = createNetwork({ seed: options.seed, clock });
  const region = await createRegion({ clock, random, disk: new MemoryDisk() });
  const { hub, database } = await openTestHub({
    dataDir,
    version: VERSION,
    network,
    region,
    vaultKeys: new PrivateFile(join(dataDir, 'vault.key')),
    env: {
      PORT: String(options.port),
      ROLLOUT_REHEARSAL: String(REHEARSAL),
      RECONNECT_WINDOW_SECONDS: '10',
      ...(options.live > COMFORTABLE && { HEARTBEAT_SECONDS: '45' }),
      CHAINWEB_URL: network.addNode({ name: 'reference' }).serviceUrl,
      // Where the simulated nodes live: they look at one another's ports (gate 7).
      EGRESS_ALLOW: '198.18.0.0/15',
    },
    logLevel: 'warn',
    onLog: (line) => signal.aborted || process.stderr.write(line),
  });
  stack.defer(() => database.close());
  void hub.tickers.run('reference-poller');
  console.log(`
  Console   ${hub.url.origin}
  Sign in   ${await hub.web.accounts.createLoginLink('admin@stoa.local')}
            (works once, within 24 hours)

  Ctrl-C stops everything.
`);
  const env = { DATA_DIR: dataDir, REGION: region.name, CHAINWEB_NETWORK: network.network.name };
  const prepared = options.rollout
    ? await DemoRollout.prepare({
        ...{ directory: join(dataDir, 'demo-releases'), clock, random, env },
        say: (line) => progress(`${line}\n`),
      })
    : undefined;
  const stage = { hub, database, network, region, prepared };
  await Promise.race([populate(stage, options, signal), aborted(signal)]);
  console.log('Stopping …');
}

interface Stage {
  readonly hub: Hub;
  readonly database: DbAdapter;
  readonly network: SimulatedNetwork;
  readonly region: TestRegion;
  /** Of the rollouts; undefined without them. */
  readonly prepared: Awaited<ReturnType<typeof DemoRollout.prepare>> | undefined;
}

/** Ends with its fleet: @throws where that ends by itself. */
async function populate(
  { hub, database, network, region, prepared }: Stage,
  { nodes, live, seed }: DemoOptions,
  signal: AbortSignal,
): Promise<never> {
  const { signer } = region;
  const places = placesOf(live, seed);
  const identities = await settle(places, { hub, database, signer, random, clock, signal });
  const large = live > COMFORTABLE;
  const fleets = large ? Math.min(MOST_FLEETS, availableParallelism()) : 1;
  const size = Math.ceil(live / fleets);
  const starts = Array.from({ length: fleets }, (_, fleet) => {
    const share = [fleet * size, (fleet + 1) * size] as const;
    return {
      ...{ seed, fleet, chainStartsAt: network.startsAt, longestOutageMs: OUTAGE_MS },
      ...{ places: places.slice(...share), identities: identities.slice(...share) },
      pollCutMs: large ? 60_000 : undefined,
      releases: prepared && { origin: hub.url.origin, root: prepared.root, downloads: prepared.downloads },
    };
  });
  const backdrop = {
    ...{ database, clock, network, signal },
    nodes: nodes - live,
    region: region.name,
    onSeeded: (count: number) => progress(`seeded ${count} of ${nodes - live} rows`),
  };
  const tally = new Tally(live, () => (prepared ? rollOut(prepared.rollout) : Promise.resolve()));
  const running = starts.map((start) => runFleet({ hub, database }, start, tally));
  const seeding = seedBackdrop(backdrop).then(() => nameAccounts(database.sql, clock));
  const [ended] = await Promise.all([Promise.race([...running, tally.failed]), seeding]);
  return ended;
}

async function rollOut(rollout: DemoRollout): Promise<void> {
  await rollout.release('1.5.0', 0);
  await rollout.release('1.5.1', 0.03);
}

/** @throws where its process ends. */
function runFleet(
  { hub, database }: Pick<Stage, 'hub' | 'database'>,
  start: FleetStart,
  tally: Tally,
): Promise<never> {
  const program = fileURLToPath(new URL('demo-fleet.ts', import.meta.url));
  const execArgv = [...process.execArgv, ...FLEET_MEMORY];
  const child = fork(program, [], { serialization: 'advanced', execArgv });
  const tell = (message: ToFleet) => void (child.connected && child.send(message));
  const way = new WayToFleet({
    accept: (link, request) => void hub.agents.gateway.accept(link, request),
    post: (crossings) => tell({ kind: 'crossings', crossings }),
  });
  tell({ kind: 'start', start });
  return new Promise((_resolve, reject) => {
    child.on('message', (message: ToHub) => {
      if (message.kind === 'crossings') way.take(message.crossings);
      if (message.kind === 'past')
        storePast(database, message.rows).then(() => tell({ kind: 'stored' }), reject);
      if (message.kind === 'muster') tally.take(start.fleet, message.muster);
    });
    child.once('exit', (code) => reject(new Error(`the process of a fleet ended with ${code}`)));
  });
}

/** Tells how many nodes of all fleets have joined, until all have that can. */
class Tally {
  readonly #all: number;
  readonly #began = performance.now();
  readonly #fleets = new Map<number, Muster>();
  readonly #after: () => Promise<void>;
  readonly #failed = Promise.withResolvers<never>();

  /** @param after what begins once all have joined that can */
  constructor(all: number, after: () => Promise<void>) {
    this.#all = all;
    this.#after = after;
  }

  /** Rejects where what began after it failed. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  take(fleet: number, muster: Muster): void {
    this.#fleets.set(fleet, muster);
    let [joined, away] = [0, 0];
    for (const each of this.#fleets.values()) [joined, away] = [joined + each.joined, away + each.away];
    progress(`joined ${joined} of ${this.#all} nodes`);
    if (joined + away < this.#all) return;
    const seconds = Math.round((performance.now() - this.#began) / 1_000);
    progress(`${joined} of ${this.#all} nodes joined in ${seconds} s; ${away} are cut off, as planned\n`);
    this.#after().catch(this.#failed.reject);
  }
}

/** One line that is written over, where there is a terminal. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K  ${text}`);
  else console.log(`  ${text.trim()}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
try {
  const options = readOptions();
  if (options === 'help') console.log(HELP);
  else await demo(options, stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    const wrong =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`${(error as Error).message}${wrong ? `\n\n${HELP}` : ''}`);
    process.exitCode = wrong ? 2 : 1;
  }
}
// Agents and hub still run; what they were is gone.
process.exit();
