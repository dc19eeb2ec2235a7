import { createAgent } from '#agent.ts';
import type { Agent } from '#agent-options.ts';
import type { FetchPayload } from '#audit/audits.ts';
import { MemoryNetwork, type MemoryTransport } from '#channel/memory.ts';
import { ScriptedHub } from '#channel/scripted-hub.fixture.ts';
import type { AgentReadings } from '#collectors/agent-collectors.ts';
import type { Collector } from '#collectors/collector.ts';
import { CollectorSet } from '#collectors/collector-set.ts';
import type { Cut } from '#collectors/cut.ts';
import { loadConfig } from '#config.ts';
import { identityDirectory } from '#identity/identity.ts';
import { storeIdentity } from '#identity/identity-store.ts';
import { makeRegion, type RegionFixture, seededRandom } from '#identity/region.fixture.ts';
import { createLog } from '#log.ts';
import { MemoryDisk } from '#memory-disk.ts';
import type { Updates } from '#update/updates.ts';
import { VirtualClock } from '#virtual-clock.ts';
import type { JobHandlers } from '#work/handler.ts';

/** What the world outside looks like to the collectors; a function may throw, or never settle. */
export type Scene = {
  -readonly [K in keyof AgentReadings]: () => AgentReadings[K] | Promise<AgentReadings[K]>;
};

export function cutAt(height: number, source: Cut['source'] = 'poll'): Cut {
  const tips = Array.from({ length: 10 }, (_, chain) => ({
    chain,
    height,
    hash: new Uint8Array(32).fill((height * 10 + chain) & 255),
  }));
  return { tips, height: 10 * height, weight: 1n, source };
}

function calmScene(): Scene {
  return {
    cut: () => cutAt(100),
    chainweb: () => ({
      service: { ok: true, value: { version: '2.32.0', chains: 10, skewMs: 0 } },
      p2p: {
        ok: true,
        value: {
          gasLimitOfBlock: 2_000_000,
          peers: 12,
          tlsFingerprint: 'f'.repeat(43),
          publicAddress: '203.0.113.7',
        },
      },
    }),
    process: () => ({
      node: {
        pid: 42,
        argv: ['chainweb-node', '--chainweb-version', 'stoa'],
        supervision: { kind: 'systemd', name: 'chainweb.service' },
        startedAt: 1_700_000_000_000,
        uptimeMs: 1,
        rssBytes: 2 ** 31,
        cpuPermille: 10,
      },
      count: 1,
      unreadable: 0,
    }),
    host: () => ({
      cpuCount: 4,
      cpuPermille: 125,
      load: [0.5, 0.4, 0.3],
      memoryTotalBytes: 8 * 2 ** 30,
      memoryAvailableBytes: 6 * 2 ** 30,
      swapTotalBytes: 0,
      swapFreeBytes: 0,
      rxBytes: 1,
      txBytes: 1,
      rxBytesPerSecond: 1_000,
      txBytesPerSecond: 2_000,
      diskReadBytes: 1,
      diskWrittenBytes: 1,
      uptimeMs: 1,
    }),
    commitment: () => ({
      path: '/data',
      committedBytes: 0,
      driveCommittedBytes: 0,
      requiredBytes: 0,
      freeBytes: 2 ** 40,
      totalBytes: 2 ** 41,
      freeInodes: 1,
      totalInodes: 2,
      met: true,
    }),
  };
}

/** A hub with its region, which many agents may share. */
export class HubWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly region: RegionFixture = makeRegion();
  readonly hub: ScriptedHub = new ScriptedHub(this.clock, this.region);
  readonly network: MemoryNetwork = new MemoryNetwork({
    clock: this.clock,
    accept: this.hub.accept,
    latencyMs: () => 10,
  });
}

export class AgentWorld {
  readonly clock: VirtualClock;
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly region: RegionFixture;
  readonly hub: ScriptedHub;
  readonly transport: MemoryTransport;
  readonly scene: Scene = calmScene();
  readonly lines: string[] = [];
  readonly directory: string = identityDirectory({ dataDir: '/data', instance: 'default' });
  /** The chain's stream: what it publishes comes at once. */
  publish: (cut: Cut) => void = () => undefined;
  fetchHeader: (ref: { chain: number; hash: Uint8Array }) => Promise<Uint8Array> = async () =>
    new Uint8Array(318);
  fetchPayload: FetchPayload | undefined;
  handlers: JobHandlers = {};
  updates: Updates | undefined;
  updateOnly = false;
  readonly #name: string;
  #boots = 0;

  private constructor(name: string, { clock, region, hub, network }: HubWorld) {
    this.#name = name;
    this.clock = clock;
    this.region = region;
    this.hub = hub;
    this.transport = network.transport();
  }

  static async enrolled(name = 'a', around: HubWorld = new HubWorld()): Promise<AgentWorld> {
    const world = new AgentWorld(name, around);
    await storeIdentity(world.disk, world.directory, world.region.identity(name, 'https://hub.example'));
    return world;
  }

  boot(): Promise<Agent> {
    this.#boots += 1;
    const { clock, disk } = this;
    const random = seededRandom(`agent ${this.#name} ${this.#boots}`);
    const log = createLog({ clock, level: 'debug', write: (line) => void this.lines.push(line) });
    return createAgent({
      config: loadConfig({
        env: {},
        flags: { data: '/data', transport: 'websocket' },
        host: { root: true, home: '/root' },
      }),
      clock,
      disk,
      random,
      log,
      transports: { websocket: this.transport },
      collectors: new CollectorSet<AgentReadings>(this.#collectors(), { clock, random, log }),
      fetchHeader: (ref) => this.fetchHeader(ref),
      fetchPayload: this.fetchPayload,
      hostFacts: {
        hostname: 'host',
        distribution: 'Debian',
        kernel: '6.1',
        architecture: 'x64',
        cpuModel: 'cpu',
        bootId: 'boot',
      },
      handlers: this.handlers,
      updates: this.updates,
      updateOnly: this.updateOnly,
      version: '0.1.0',
      runtime: 'node 24',
    });
  }

  #collectors(): { [K in keyof AgentReadings]: Collector<AgentReadings[K]> } {
    const of = <K extends keyof AgentReadings>(name: K, periodMs: number): Collector<AgentReadings[K]> => ({
      name,
      periodMs: () => periodMs,
      timeoutMs: 2_000,
      collect: async () => this.scene[name](),
    });
    const cut = of('cut', 10_000);
    return {
      cut: {
        ...cut,
        follow: async (feed) => {
          this.publish = (value) => feed.publish(value);
        },
      },
      chainweb: of('chainweb', 60_000),
      process: of('process', 30_000),
      host: of('host', 15_000),
      commitment: of('commitment', 60_000),
    };
  }
}
