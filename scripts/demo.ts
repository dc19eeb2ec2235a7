/** `pnpm demo`: a hub with a lively simulated fleet, in a temporary directory; until Ctrl-C. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Identity, MemoryDisk } from '@stoa/agent';
import { type Clock, type DbAdapter, type Hub, PrivateFile, systemClock, VERSION } from '@stoa/hub';
import { nodeCertKind, peek, toHex } from '@stoa/protocol';
import { createNetwork, type SimulatedNetwork } from '../test/chainweb/index.ts';
import { openTestHub } from '../test/kit/hub.ts';
import { createRegion, type TestRegion } from '../test/kit/region.ts';
import { random } from '../test/kit/wire-agent.ts';
import { seedBackdrop } from '../test/world/backdrop.ts';
import { asCoarseHubClock } from '../test/world/clocks.ts';
import { WayToFleet } from '../test/world/crossing.ts';
import { storePast } from '../test/world/past.ts';
import { nameAccounts } from '../test/world/payouts.ts';
import { Quiescence } from '../test/world/quiescence.ts';
import { SharedTime } from '../test/world/shared-time.ts';
import { placesOf, settle } from '../test/world.ts';
import { aborted } from './aborted.ts';
import { nameDemo, openDemoDirectory } from './demo-directory.ts';
import { DemoFlags } from './demo-flags.ts';
import type { FlagSwitch, FleetStart, KeptNode, Muster, ToFleet, ToHub } from './demo-fleet.ts';
import { DemoHours } from './demo-hours.ts';
import { demoMint } from './demo-mint.ts';
import { type DemoOptions, HELP, readOptions, UsageError } from './demo-options.ts';
import { DemoRollout } from './demo-rollout.ts';

/** Of an outage that begins while the demo runs in earnest. */
const OUTAGE_MS = 60_000;
/** Ten thousand agents are more than V8 would give by itself, and most of what they make is short-lived. */
const FLEET_MEMORY = ['--max-old-space-size=8192', '--max-semi-space-size=64'];
/** Above that, agents ask their chain for its tips and report more seldom, and live in several processes. */
const COMFORTABLE = 2_000;
/** More would only take memory: the hub is one process too. */
const MOST_FLEETS = 4;
/** Times as fast as in earnest: the longest soak, a day, takes twelve minutes. */
const REHEARSAL = 120;
/** Where time goes faster, each flush of the hub costs as much as ever: it is let run so often, in its own time. */
const STEP_MS = 10_000;
const POLL_CUT_MS = { fast: 30_000, large: 60_000 };

/** What time it is, and what makes it pass; undefined: the machine's clock does. */
interface Time {
  readonly clock: Clock;
  readonly shared: SharedTime | undefined;
  readonly around: (database: DbAdapter) => DbAdapter;
}

function timeOfDemo({ speed }: DemoOptions): Time {
  if (speed === 1) return { clock: systemClock, shared: undefined, around: (database) => database };
  const quiescence = new Quiescence();
  const shared = new SharedTime({ startMs: Date.now(), settle: quiescence.settle });
  const clock = asCoarseHubClock(shared.clock, STEP_MS);
  return { clock, shared, around: (database) => quiescence.observe(database) };
}

/**
 * At its end nothing is written down and nobody says goodbye, since all of it is thrown away: the database stops, and
 * the process with it.
 */
async function demo(options: DemoOptions, stopped: AbortSignal): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([stopped, over.signal]);
  const say = options.json ? console.error : console.log;
  await using stack = new AsyncDisposableStack();
  const dataDir = await openDemoDirectory(stack);
  say('Starting the hub …');
  const { clock, shared, around } = timeOfDemo(options);
  const passing = shared?.run(signal) ?? new Promise<void>(() => undefined);
  const network = createNetwork({ seed: options.seed, clock });
  const region = await createRegion({ clock, random, disk: new MemoryDisk() });
  const settings = { REGION: region.name, CHAINWEB_NETWORK: network.network.name };
  await nameDemo(dataDir, settings);
  const { hub, database } = await openTestHub({
    ...{ clock, dataDir, around, network, region, version: VERSION },
    vaultKeys: new PrivateFile(join(dataDir, 'vault.key')),
    env: {
      PORT: String(options.port),
      ROLLOUT_REHEARSAL: String(REHEARSAL),
      RECONNECT_WINDOW_SECONDS: '10',
      ...((options.live > COMFORTABLE || shared) && { HEARTBEAT_SECONDS: '45' }),
      CHAINWEB_URL: network.addNode({ name: 'reference' }).serviceUrl,
      // Where the simulated nodes live: they look at one another's ports (gate 7).
      EGRESS_ALLOW: '198.18.0.0/15',
    },
    logLevel: 'warn',
    onLog: (line) => signal.aborted || process.stderr.write(line),
  });
  stack.defer(() => database.close());
  void hub.tickers.run('reference-poller');
  const progress = progressOn(say);
  const prepared = options.rollout
    ? await DemoRollout.prepare({
        ...{
          directory: join(dataDir, 'demo-releases'),
          clock,
          random,
          env: { ...settings, DATA_DIR: dataDir },
        },
        say: (line) => progress(`${line}\n`),
      })
    : undefined;
  const hours = new DemoHours({
    ...{ hub, database, clock, nodes: options.nodes },
    say: (line) => progress(`${line}\n`),
  });
  const stage = { hub, database, network, region, prepared, clock, shared, hours, say, progress };
  const enough =
    options.hours === undefined ? new Promise<void>(() => undefined) : hours.closed(options.hours);
  await Promise.race([populate(stage, options, signal), passing, enough, aborted(signal)]);
  if (options.json) console.log(JSON.stringify(await hours.report()));
  over.abort();
  say('Stopping …');
}

interface Stage {
  readonly hub: Hub;
  readonly database: DbAdapter;
  readonly network: SimulatedNetwork;
  readonly region: TestRegion;
  readonly clock: Clock;
  readonly shared: SharedTime | undefined;
  readonly hours: DemoHours;
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
  /** Of the rollouts; undefined without them. */
  readonly prepared: Awaited<ReturnType<typeof DemoRollout.prepare>> | undefined;
}

/** Ends with its fleet: @throws where that ends by itself. */
async function populate(stage: Stage, options: DemoOptions, signal: AbortSignal): Promise<never> {
  const { hub, database, network, region, prepared, clock, shared, hours, progress } = stage;
  const { nodes, live, seed, breaks, kept } = options;
  const { signer } = region;
  const places = placesOf(live, seed);
  const fleetsOf: FleetProcess[] = [];
  const identities = await settle(places, { hub, database, signer, random, clock, signal });
  const nodeIds = new Map(identities.map((identity, i) => [places[i]!.label, nodeIdOf(identity)]));
  const flags = new DemoFlags({
    ...{ clock, hours, nodeIds },
    tell: (flag) => {
      for (const fleet of fleetsOf) fleet.flag(flag);
    },
    say: (line) => progress(`${line}\n`),
  });
  const named = [...breaks, ...(kept ? [kept] : [])].map(({ node }) => node);
  flags.known(named);
  await welcome(stage, options, places[0] && { ...places[0], nodeId: nodeIds.get(places[0].label)! });
  const large = live > COMFORTABLE;
  // In one process a fleet in a hurry would have one core, and wait for its hub in turns.
  const fleets = large || (shared && live > 1) ? Math.min(MOST_FLEETS, availableParallelism()) : 1;
  const size = Math.ceil(live / fleets);
  const starts = Array.from({ length: fleets }, (_, fleet) => {
    const share = [fleet * size, (fleet + 1) * size] as const;
    return {
      ...{ seed, fleet, chainStartsAt: network.startsAt, longestOutageMs: shared ? undefined : OUTAGE_MS },
      ...{ places: places.slice(...share), identities: identities.slice(...share) },
      spared: named,
      kept: kept ? [kept.node] : [],
      pollCutMs: large ? POLL_CUT_MS.large : shared && POLL_CUT_MS.fast,
      releases: prepared && { origin: hub.url.origin, root: prepared.root, downloads: prepared.downloads },
    };
  });
  const backdrop = {
    ...{ database, clock, network, signal },
    nodes: nodes - live,
    region: region.name,
    onSeeded: (count: number) => progress(`seeded ${count} of ${nodes - live} rows`),
  };
  const tally = new Tally(live, progress, async () => {
    if (shared) shared.speed = options.speed;
    flags.start(breaks);
    if (prepared) await rollOut(prepared.rollout);
  });
  hours.start(tally.fail);
  fleetsOf.push(...starts.map((start) => new FleetProcess(stage, start, tally)));
  if (kept)
    hours.each(async () => {
      await Promise.all(fleetsOf.map((fleet) => fleet.keep(kept)));
    });
  const running = fleetsOf.map(({ ended }) => ended);
  // Whose earnings are looked at: of the node that is told of first, and of those named.
  const shown = places.filter(({ label }, i) => i === 0 || named.includes(label));
  const mindful = new Set(shown.map(({ owner }) => owner));
  const seeding = seedBackdrop(backdrop).then(() => nameAccounts(database.sql, { clock, mindful }));
  const [ended] = await Promise.all([Promise.race([...running, tally.failed]), seeding]);
  return ended;
}

/** What to open, and as whom. */
async function welcome(
  { hub, clock, say }: Stage,
  { speed }: DemoOptions,
  first: { readonly label: string; readonly owner: string; readonly nodeId: string } | undefined,
): Promise<void> {
  const { accounts } = hub.web;
  const link = (email: string) => accounts.createLoginLink(email);
  say(`
  Console   ${hub.url.origin}
  Sign in   ${await link('admin@stoa.local')}
            as Ancient Admin (each link works once, within ${speed === 1 ? '24 hours' : `${Math.round(1_440 / speed)} minutes`})`);
  if (first !== undefined) {
    await accounts.store.ensureUser({ email: first.owner, tier: 'operator', now: clock.now() });
    say(`            ${await link(first.owner)}
            as ${first.owner}, who owns ${first.label}
  Earnings  ${hub.url.origin}/earnings, ${hub.url.origin}/nodes/${first.nodeId}/earnings`);
  }
  say(`
  ${speed === 1 ? '' : `Once all have joined an hour takes ${Math.round(3_600 / speed)} s, or as long as this machine needs for it. `}Ctrl-C stops everything.
`);
}

async function rollOut(rollout: DemoRollout): Promise<void> {
  await rollout.release('1.5.0', 0);
  await rollout.release('1.5.1', 0.03);
}

function nodeIdOf({ credential }: Identity): string {
  return toHex(peek(nodeCertKind, credential.node).nodeId);
}

/** A fleet in a process of its own, which goes by the hub's clock where that is faster than the machine's. */
class FleetProcess {
  /** Rejects where it ends. */
  readonly ended: Promise<never>;
  readonly #tell: (message: ToFleet) => void;
  readonly #reached: (() => void)[] = [];
  readonly #copied: (() => void)[] = [];

  constructor({ hub, database, clock, shared }: Stage, start: Omit<FleetStart, 'now'>, tally: Tally) {
    const program = fileURLToPath(new URL('demo-fleet.ts', import.meta.url));
    const execArgv = [...process.execArgv, ...FLEET_MEMORY];
    const child = fork(program, [], { serialization: 'advanced', execArgv });
    this.#tell = (message) => void (child.connected && child.send(message));
    const way = new WayToFleet({
      accept: (link, request) => void hub.agents.gateway.accept(link, request),
      post: (crossings) => this.#tell({ kind: 'crossings', crossings }),
    });
    this.#tell({ kind: 'start', start: { ...start, now: shared && clock.now() } });
    shared?.follow((ms) => this.#go(ms));
    this.ended = new Promise((_resolve, reject) => {
      child.on('message', (message: ToHub) => {
        if (message.kind === 'crossings') way.take(message.crossings);
        if (message.kind === 'time') this.#reached.shift()?.();
        if (message.kind === 'kept') this.#copied.shift()?.();
        if (message.kind === 'past')
          storePast(database, message.past, clock).then(() => this.#tell({ kind: 'stored' }), reject);
        if (message.kind === 'muster') tally.take(start.fleet, message.muster);
      });
      child.once('exit', (code) => reject(new Error(`the process of a fleet ended with ${code}`)));
    });
  }

  /** It throws the switch where the node is one of its own. */
  flag(flag: FlagSwitch): void {
    this.#tell({ kind: 'flag', flag });
  }

  /** Its data directory is copied, where the node is one of its own. */
  keep(kept: KeptNode): Promise<void> {
    return new Promise((resolve) => {
      this.#copied.push(resolve);
      this.#tell({ kind: 'keep', kept });
    });
  }

  #go(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#reached.push(resolve);
      this.#tell({ kind: 'time', ms });
    });
  }
}

/** Tells how many nodes of all fleets have joined, until all have that can. */
class Tally {
  readonly #all: number;
  readonly #progress: (text: string) => void;
  readonly #began = performance.now();
  readonly #fleets = new Map<number, Muster>();
  readonly #after: () => Promise<void>;
  readonly #failed = Promise.withResolvers<never>();
  #done = false;

  /** @param after what begins once all have joined that can */
  constructor(all: number, progress: (text: string) => void, after: () => Promise<void>) {
    this.#all = all;
    this.#progress = progress;
    this.#after = after;
  }

  /** Rejects where what goes on beside the fleets failed. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  readonly fail = (error: unknown): void => this.#failed.reject(error);

  take(fleet: number, muster: Muster): void {
    this.#fleets.set(fleet, muster);
    let [joined, away] = [0, 0];
    for (const each of this.#fleets.values()) [joined, away] = [joined + each.joined, away + each.away];
    if (this.#done) return;
    this.#progress(`joined ${joined} of ${this.#all} nodes`);
    if (joined + away < this.#all) return;
    this.#done = true;
    const seconds = Math.round((performance.now() - this.#began) / 1_000);
    this.#progress(
      `${joined} of ${this.#all} nodes joined in ${seconds} s; ${away} are cut off, as planned\n`,
    );
    this.#after().catch(this.fail);
  }
}

/** One line that is written over, where there is a terminal. */
function progressOn(say: (text: string) => void): (text: string) => void {
  return (text) => {
    if (process.stdout.isTTY && say === console.log) process.stdout.write(`\r\u001b[K  ${text}`);
    else say(`  ${text.trim()}`);
  };
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
try {
  const options = readOptions();
  if (options === 'help') console.log(HELP);
  else if (options.minted !== undefined) await demoMint(options, options.minted, stop.signal);
  else await demo(options, stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    const wrong =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`${(error as Error).message}${wrong ? '\n`pnpm demo --help` tells what it takes' : ''}`);
    process.exitCode = wrong ? 2 : 1;
  }
}
// Agents and hub still run; what they were is gone.
process.exit();
