import { join } from 'node:path';
import {
  type Agent,
  type AgentConfig,
  type Clock,
  createAgent,
  createCollectors,
  createLog,
  type Disk,
  fetchHeader,
  fetchPayload,
  type HostFacts,
  type Http,
  type Identity,
  IdentityStore,
  identityDirectory,
  type Log,
  loadConfig,
  type MemoryNetwork,
  type MemoryTransport,
  sleep,
  storeIdentity,
  type Transport,
} from '@stoa/agent';
import { ResultLog, Updater, type Updates } from '@stoa/agent/simulation';
import { type JobResult, jobResultKind, nodeCertKind, peek, seal, toHex } from '@stoa/protocol';
import type { SimulatedNetwork } from '../chainweb/index.ts';
import { SkewedClock } from './clocks.ts';
import { copyTree } from './copy-tree.ts';
import { machineHandlers } from './handlers.ts';
import { Machine } from './machine.ts';
import type { Neighbourhood } from './neighbourhood.ts';
import type { Place } from './places.ts';
import type { Dice } from './random.ts';
import { SimulatedProgram, type StartedPayload } from './simulated-program.ts';

/** Of what the fleet updates itself, over real HTTP. */
export interface ReleaseSource {
  /** Of the hub. */
  readonly origin: string;
  readonly http: Http;
  /** The root that binaries were built with. */
  readonly root: Uint8Array;
  /** A real directory, for files on their way: the machine's own disk holds small ones. */
  readonly downloads: string;
}

export interface WorldNodeOptions {
  readonly place: Place;
  readonly identity: Identity;
  readonly clock: Clock;
  /** The chain. */
  readonly network: SimulatedNetwork;
  /** The way to the hub, without sockets. */
  readonly wires: MemoryNetwork;
  readonly latencyMs: number;
  /** Another way to the hub. */
  readonly transport?: Transport | undefined;
  readonly pollCutMs?: number | undefined;
  /** Days that nodes keep their own log; none unless given. */
  readonly logDays?: number | undefined;
  /** Answers audits. */
  readonly audited?: boolean | undefined;
  readonly dice: Dice;
  /** Where releases come from; without it, sessions do not speak of updates. */
  readonly releases?: ReleaseSource | undefined;
  /** Whom it may look at, and who may look at it; without one, nobody does. */
  readonly neighbours?: Neighbourhood | undefined;
  /** Told of each job whose handler began. */
  readonly onRun?: ((kind: string, jobId: Uint8Array) => void) | undefined;
  readonly onLog?: ((line: string) => void) | undefined;
}

const DATA_DIR = '/var/lib/stoa-agent';

/**
 * A real agent core on a simulated machine. Everything that may go wrong with one is a member: the machine's faults, the
 * wire's, the clock's, and the process's own ends.
 */
export class WorldNode {
  readonly place: Place;
  /** Hex. */
  readonly nodeId: string;
  readonly machine: Machine;
  readonly clock: SkewedClock;
  readonly wire: MemoryTransport;
  readonly #options: WorldNodeOptions;
  readonly #config: AgentConfig;
  readonly #log: Log;
  #program: SimulatedProgram | undefined;
  #agent: Agent | undefined;
  #payload: StartedPayload | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: WorldNodeOptions, machine?: Machine) {
    const { place, identity, clock, network, wires, dice, latencyMs, onLog } = options;
    this.#options = options;
    this.place = place;
    this.nodeId = toHex(peek(nodeCertKind, identity.credential.node).nodeId);
    this.clock = new SkewedClock(clock);
    this.machine =
      machine ?? new Machine({ name: place.label, address: place.address, clock: this.clock, network, dice });
    options.neighbours?.add(place.address, this.machine);
    this.wire = wires.transport({ address: place.address });
    this.wire.faults.latencyMs = latencyMs;
    this.#log = createLog({ clock, level: onLog ? 'debug' : 'error', write: onLog ?? (() => undefined) });
    this.#config = loadConfig({
      env: {
        STOA_AGENT_DATA: DATA_DIR,
        STOA_AGENT_COMMITTED_PATH: '/var/lib/chainweb',
        STOA_AGENT_COMMITTED_GB: String(dice.pick([50, 100, 100, 200, 400])),
        STOA_AGENT_POLL_CUT_MS: options.pollCutMs?.toString(),
        CHAINWEB_NETWORK: network.network.name,
        CHAINWEB_URL: this.machine.chain.serviceUrl,
        CHAINWEB_P2P_URL: this.machine.chain.p2pUrl,
      },
      host: { root: true, home: '/root' },
    });
  }

  /** Undefined while the process does not run. */
  get agent(): Agent | undefined {
    return this.#agent;
  }

  /** What it promises to keep free, GB. */
  get committedGb(): number {
    return this.#config.committedGb;
  }

  get running(): boolean {
    return this.#agent !== undefined;
  }

  get online(): boolean {
    return this.#agent?.link().state === 'established';
  }

  /** Puts the identity on the disk, as `enroll` does. */
  async install(): Promise<void> {
    const { identity } = this.#options;
    await storeIdentity(this.machine.disk, identityDirectory(this.#config), identity);
  }

  /** Keeps a result of work of before the world began. Its receipt is left out: no hub was there to sign one. */
  async keepResult(of: Pick<JobResult, 'jobId' | 'attempt' | 'kind' | 'report'>): Promise<void> {
    const { disk } = this.machine;
    const { nodeDirectory, nodeId, key } = await IdentityStore.open(disk, identityDirectory(this.#config));
    const [none, noHash] = [new Uint8Array(), new Uint8Array(32)];
    const result = seal(
      jobResultKind,
      {
        ...{ ...of, nodeId, fencingToken: 1, outcome: 'succeeded', code: '', message: '', durationMs: 0 },
        ...{ logBytes: 0, logHash: noHash, orderId: new Uint8Array(16), number: 1, previous: noHash },
      },
      key,
    );
    const log = await ResultLog.open(disk, join(nodeDirectory, 'work', 'results'));
    await log.append(1, { result, receipt: none, root: noHash, region: none, instance: none });
  }

  /** Starts the process. Idempotent. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** SIGTERM: says goodbye. */
  async stop(): Promise<void> {
    await this.#starting;
    const [agent, payload] = [this.#agent, this.#payload];
    this.#agent = undefined;
    this.#payload = undefined;
    this.#starting = undefined;
    await agent?.stop();
    await payload?.end();
  }

  /** kill -9: nothing is said any more, and only what was forced to the disk is there afterwards (F08). */
  async crash(): Promise<void> {
    await this.#starting;
    const { faults } = this.wire;
    this.machine.disk.crashAfter(0);
    const before = faults.down;
    faults.down = true;
    this.wire.cut();
    this.#payload?.kill();
    this.#payload = undefined;
    await this.stop();
    faults.down = before;
    this.machine.disk.restart('kept');
  }

  /** Unplugs the network cable. The process runs on. */
  unplug(): void {
    this.wire.faults.down = true;
    this.wire.cut();
  }

  plugIn(): void {
    this.wire.faults.down = false;
  }

  /** A copy of the data directory as it is now, started on another host (F07). It stands beside, in no list. */
  async clone(address: string): Promise<WorldNode> {
    const { dice } = this.#options;
    const copy = new WorldNode({
      ...this.#options,
      place: { ...this.place, label: `${this.place.label}-copy`, address },
      dice: dice.fork('clone'),
    });
    await this.copyData(copy.machine.disk, DATA_DIR);
    return copy;
  }

  /** What `cp -a` does to its data directory, while it runs. */
  copyData(to: Disk, target: string): Promise<void> {
    return copyTree(this.machine.disk, to, DATA_DIR, target);
  }

  async #start(): Promise<void> {
    const { dice, place, audited, transport = this.wire } = this.#options;
    const { machine, clock } = this;
    const config = this.#config;
    const log = this.#log;
    const { http, disk, proc } = machine;
    const chainweb = { http, serviceUrl: config.chainwebUrl, network: config.network };
    const random = dice.bytes;
    const payload = await this.#startPayload();
    this.#payload = payload;
    const version = payload?.version ?? place.version;
    this.#agent = await createAgent({
      config,
      configHost: { root: true, home: '/root' },
      clock,
      disk,
      random,
      log,
      transports: { websocket: transport },
      collectors: createCollectors({
        config,
        clock,
        random,
        log,
        http,
        disk,
        proc,
        inspectContainer: async () => ({ name: `${place.label}-chainweb`, labels: {} }),
      }),
      fetchHeader: (ref, signal) => fetchHeader(chainweb, ref, signal),
      fetchPayload: audited ? (ref, signal) => fetchPayload(chainweb, ref, signal) : undefined,
      dialBack: this.#options.neighbours?.consent,
      hostFacts: hostFacts(place.label, machine),
      handlers: machineHandlers(machine, clock, this.#options.onRun),
      // Of a crowd's memory it would take the most, 32 MB a node.
      logDays: this.#options.logDays ?? 0,
      idleProbe: async ({ seconds }, signal) => {
        await sleep(clock, seconds * 1_000, signal);
        return seconds <= NAT_IDLE_S;
      },
      version,
      updates: payload && (await this.#openUpdates(payload)),
      updateOnly: payload?.launched.updateOnly,
      runtime: 'node 24.21.0',
    });
    this.#agent.start();
  }

  async #startPayload(): Promise<StartedPayload | undefined> {
    const { releases, place } = this.#options;
    if (releases === undefined) return undefined;
    this.#program ??= new SimulatedProgram({
      ...{ disk: this.machine.disk, clock: this.clock, dataDir: DATA_DIR },
      ...{ root: releases.root, factory: place.version, nodeId: this.nodeId },
    });
    return this.#program.start(() => void this.stop().then(() => this.start()));
  }

  #openUpdates({ version, launched, installer }: StartedPayload): Promise<Updates> {
    const { origin, http, root, downloads } = this.#options.releases!;
    const { dataDir, instance } = this.#config;
    const agent = () => this.#agent;
    return Updater.open({
      ...{ clock: this.clock, disk: this.machine.disk, log: this.#log, random: this.#options.dice.bytes },
      ...{ http, version, dataDir, instance, launched, installer, anchor: root, platform: 'linux-x64' },
      downloads: join(downloads, this.nodeId),
      hub: () => origin,
      time: () => this.#agent?.provenTime() ?? 0,
      hubNow: () => this.#agent?.hubTime(),
      work: {
        hold: (held) => this.#agent?.holdWork(held),
        get running() {
          return agent()?.work().running.length ?? 0;
        },
      },
      alone: () => false,
      restart: () => void launched.restart(),
    });
  }
}

/** After so much silence the simulated NATs forget a connection. */
const NAT_IDLE_S = 350;

function hostFacts(hostname: string, { host }: Machine): HostFacts {
  return {
    hostname,
    distribution: 'Debian GNU/Linux 13 (trixie)',
    kernel: '6.12.48+deb13-amd64',
    architecture: 'x64',
    cpuModel: host.cpuModel,
    bootId: host.bootId,
  };
}
