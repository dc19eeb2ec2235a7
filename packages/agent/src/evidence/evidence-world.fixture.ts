import {
  type AgentDescription,
  CAPABILITY,
  type Checkpoint,
  checkpointKind,
  decodeAgentMessage,
  type Heartbeat,
  open,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { ScriptedHub } from '#channel/scripted-hub.fixture.ts';
import { loadConfig } from '#config.ts';
import { Evidence } from '#evidence/evidence.ts';
import { HOUR_MS, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
import { makeRegion, type RegionFixture, seededRandom } from '#identity/region.fixture.ts';
import { createLog } from '#log.ts';
import { MemoryDisk, type Unsynced } from '#memory-disk.ts';
import { describeAgent } from '#reports/description.ts';
import type { ReadingSource } from '#reports/readings.ts';
import { VirtualClock } from '#virtual-clock.ts';

export const region: RegionFixture = makeRegion();
export const directory: string = identityDirectory({ dataDir: '/data', instance: 'default' });
export const START: number = Date.UTC(2026, 0, 1);

export function heartbeat(peers: number): Heartbeat {
  const unknown = { cpuPermille: 0, loadCenti: 0, memUsedMb: 0, memTotalMb: 0, diskTotalMb: 0 };
  const gauges = { ...unknown, diskFreeMb: 2_000_000, rxKbps: 0, txKbps: 0, peers, rttMs: 1 };
  return { sentAt: 0, uptimeS: 0, gauges, chainweb: 'up', natIdleS: 0, droppedSamples: 0, tips: [] };
}

export function description(argv: string[]): AgentDescription {
  const source = { reading: () => ({ value: undefined, ageMs: undefined, error: undefined }) };
  const config = loadConfig({ env: { CHAINWEB_URL: 'http://127.0.0.1:1' }, host: { root: true, home: '/' } });
  const host = { hostname: 'h', architecture: 'x64', distribution: '', kernel: '', cpuModel: '', bootId: '' };
  const said = describeAgent(source as unknown as ReadingSource, {
    config,
    version: '1',
    runtime: 'node',
    host,
  });
  const process = { pid: 1, supervision: 'none' as const, supervisor: '', startedAt: 0, rssMb: 0, argv };
  return { ...said, process: argv.length > 0 ? process : undefined };
}

/** A node's evidence with a hub that is only time, acknowledgements and receipts. */
export class World {
  readonly clock: VirtualClock = new VirtualClock(START);
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly hub: ScriptedHub = new ScriptedHub(this.clock, region);
  readonly lines: string[] = [];
  /** Every checkpoint that was sent, by its number. */
  readonly sent: Map<number, { sealed: Uint8Array; checkpoint: Checkpoint }[]> = new Map<
    number,
    { sealed: Uint8Array; checkpoint: Checkpoint }[]
  >();
  /** What was asked for of settled receipts. */
  readonly asked: unknown[] = [];
  receipts: boolean = true;
  evidence!: Evidence;
  store!: IdentityStore;
  #boots = 0;

  async boot(): Promise<void> {
    this.#boots += 1;
    this.store = await IdentityStore.open(this.disk, directory);
    await this.store.saveSession({ timeFloor: hourOf(this.hub.wall()) * HOUR_MS });
    this.evidence = await Evidence.open({
      clock: this.clock,
      random: seededRandom(`evidence ${this.#boots}`),
      disk: this.disk,
      log: createLog({ clock: this.clock, level: 'debug', write: (line) => void this.lines.push(line) }),
      store: this.store,
      bootId: new Uint8Array(16).fill(this.#boots),
      ready: () => this.drain(),
    });
  }

  /** The process ends at once: what it still had to do finds no disk any more. */
  async kill(unsynced: Unsynced): Promise<void> {
    this.disk.crashAfter(0);
    await this.evidence.stop();
    this.disk.restart(unsynced);
  }

  open(quarantined = false): void {
    const sessionId = nodeCrypto.hash(new Uint8Array([this.#boots])).slice(0, 16);
    this.evidence.opened({ sessionId, hubTime: this.hub.wall(), heartbeatMs: 30_000, quarantined });
    this.evidence.askSettled({ quarantined, capabilities: CAPABILITY.receipts }, ({ type, payload }) =>
      this.asked.push(decodeAgentMessage(type, payload).value),
    );
  }

  ack(): void {
    this.evidence.acknowledged(this.hub.wall());
  }

  /** What the outbox does. */
  drain(): void {
    for (let next = this.evidence.lane.take(); next; next = this.evidence.lane.take()) {
      const { sealed } = decodeAgentMessage(next.message.type, next.message.payload).value as {
        sealed: Uint8Array;
      };
      const checkpoint = open(checkpointKind, sealed, nodeCrypto, this.store.key.publicKey);
      const known = this.sent.get(checkpoint.number) ?? [];
      this.sent.set(checkpoint.number, [...known, { sealed, checkpoint }]);
      if (this.receipts) this.evidence.receipt(this.hub.receiptFor(sealed, this.store.key.publicKey));
    }
  }

  get checkpoints(): Checkpoint[] {
    return [...this.sent.keys()].sort((a, b) => a - b).map((number) => this.sent.get(number)![0]!.checkpoint);
  }

  /** Minutes pass, each with an acknowledgement. */
  async live(minutes: number): Promise<void> {
    for (let i = 0; i < minutes; i += 1) {
      this.ack();
      await this.clock.advance(MINUTE_MS);
    }
  }
}

export async function world(): Promise<World> {
  const made = new World();
  await storeIdentity(made.disk, directory, region.identity('a', 'https://hub.example'));
  await made.boot();
  return made;
}
