import { Channel } from '#channel/channel.ts';
import type { ChannelListener } from '#channel/channel-listener.ts';
import { MemoryNetwork, type MemoryTransport } from '#channel/memory.ts';
import { ScriptedHub } from '#channel/scripted-hub.fixture.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
import { makeRegion, type RegionFixture, seededRandom } from '#identity/region.fixture.ts';
import { createLog } from '#log.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';

export const HUB = 'https://hub.example';
export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;

export interface ChannelWorld {
  clock: VirtualClock;
  disk: MemoryDisk;
  directory: string;
  region: RegionFixture;
  hub: ScriptedHub;
  transport: MemoryTransport;
  longPoll: MemoryTransport;
  store: IdentityStore;
  lines: string[];
  events: string[];
  channel: Channel;
  makeChannel(from: IdentityStore, bootId: number): Channel;
}

/** One enrolled channel and its hub, on virtual time. */
export async function channelWorld(seed = 'agent'): Promise<ChannelWorld> {
  const region = makeRegion();
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  const hub = new ScriptedHub(clock, region);
  const network = new MemoryNetwork({ clock, accept: hub.accept, latencyMs: () => 20 });
  const transport = network.transport();
  const longPoll = network.transport({ name: 'long-poll' });
  const directory = identityDirectory({ dataDir: '/data', instance: 'default' });
  await storeIdentity(disk, directory, region.identity('a', HUB));
  const store = await IdentityStore.open(disk, directory);
  const lines: string[] = [];
  const events: string[] = [];
  const note = (event: string) => () => void events.push(event);
  const listener: ChannelListener = {
    opened: note('opened'),
    acknowledged: () => undefined,
    message: ({ name }) => void events.push(name),
    drained: () => undefined,
    lost: note('lost'),
    unsaved: note('unsaved'),
    revoked: note('revoked'),
  };
  const makeChannel = (from: IdentityStore, bootId: number): Channel =>
    new Channel({
      clock,
      random: seededRandom(seed),
      log: createLog({ clock, level: 'debug', write: (line) => void lines.push(line) }),
      store: from,
      transports: { websocket: transport, 'long-poll': longPoll },
      configured: 'auto',
      capabilities: 0,
      agentVersion: '0.1.0',
      bootId: new Uint8Array(16).fill(bootId),
      natIdleMs: () => undefined,
      provenChainTime: () => undefined,
      listener,
    });
  const channel = makeChannel(store, 1);
  return {
    clock,
    disk,
    directory,
    region,
    hub,
    transport,
    longPoll,
    store,
    lines,
    events,
    channel,
    makeChannel,
  };
}
