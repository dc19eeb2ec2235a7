/** F01: a hub that dies under its fleet and comes back. Real agent cores, real WebSockets, a real hub process. */
import {
  createClock,
  createWebSocketTransport,
  DIRECT,
  type Link,
  MemoryNetwork,
  type Transport,
} from '@stoa/agent';
import { expect, it } from 'vitest';
import { HubHome } from '../kit/hub-process.ts';
import { startPostgres } from '../kit/postgres.ts';
import { until } from '../kit/until.ts';
import { random } from '../kit/wire-agent.ts';
import { enrolAll } from '../world/enrolment.ts';
import { placeOf } from '../world/places.ts';
import { createDice } from '../world/random.ts';
import { WorldNode } from '../world/world-node.ts';

const AGENTS = 2_000;
/** Short ones, so that five heartbeat intervals pass while somebody waits. */
const WINDOW_MS = 20_000;
const HEARTBEAT_MS = 3_000;
const JOINING = 100;

/** What the whole fleet does to the hub, as times of the monotonic clock. */
interface Traffic {
  readonly connects: number[];
  readonly messages: number[];
}

/** A transport that notes when it is used. */
function watched(transport: Transport, { connects, messages }: Traffic): Transport {
  return {
    name: transport.name,
    dial(target, listener): Link {
      connects.push(performance.now());
      const link = transport.dial(target, listener);
      return {
        send(message) {
          messages.push(performance.now());
          link.send(message);
        },
        get buffered() {
          return link.buffered;
        },
        acceptsBinding: (binding) => link.acceptsBinding(binding),
        close: (code, reason) => link.close(code, reason),
        destroy: () => link.destroy(),
      };
    },
  };
}

/** Events in the busiest second, relative to the mean over the span. */
function peak(times: readonly number[], from: number, to: number): number {
  const seconds = Math.ceil((to - from) / 1_000);
  const bins = Array.from({ length: seconds }, () => 0);
  for (const at of times) if (at >= from && at < to) bins[Math.floor((at - from) / 1_000)]! += 1;
  const mean = bins.reduce((sum, each) => sum + each, 0) / ((to - from) / 1_000);
  return Math.max(...bins) / mean;
}

it('F01 a hub killed under 2,000 agents is met evenly by their return, without an echo in the intervals after it', async () => {
  await using postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase('socket');
  await using home = await HubHome.create();
  const env = {
    DATABASE_URL: databaseUrl,
    HEARTBEAT_SECONDS: String(HEARTBEAT_MS / 1_000),
    RECONNECT_WINDOW_SECONDS: String(WINDOW_MS / 1_000),
    // All come from one address here.
    HANDSHAKES_PER_ADDRESS: '100000',
  };
  const hub = await home.serve(env);
  await using database = await home.openDatabase(databaseUrl);
  const clock = createClock();
  const dice = createDice(1);
  const places = Array.from({ length: AGENTS }, (_, index) => placeOf(index, AGENTS, dice));
  const identities = await enrolAll(places, {
    hub: home.registryOf(database),
    database,
    signer: home.region.signer,
    random,
    clock,
  });
  const traffic: Traffic = { connects: [], messages: [] };
  const transport = watched(createWebSocketTransport({ clock, proxies: DIRECT }), traffic);
  const wires = new MemoryNetwork({ clock, accept: undefined });
  const nodes = places.map((place, index) => {
    const own = dice.fork(`node ${index}`);
    const identity = identities[index]!;
    return new WorldNode({
      place,
      identity,
      clock,
      network: home.network,
      wires,
      transport,
      latencyMs: 0,
      pollCutMs: 60_000,
      dice: own,
    });
  });
  const online = () => nodes.reduce((count, node) => count + Number(node.online), 0);
  try {
    for (let first = 0; first < AGENTS; first += JOINING) {
      const group = nodes.slice(first, first + JOINING);
      await Promise.all(group.map((node) => node.install().then(() => node.start())));
      await until('a group online', () => group.every((node) => node.online));
    }
    const killedAt = performance.now();
    await hub.kill('SIGKILL');
    await home.serve(env);
    await until('everybody back', () => online() === AGENTS, { withinMs: 120_000, everyMs: 100 });
    const backAt = performance.now();
    const connects = traffic.connects.filter((at) => at >= killedAt);
    // Up to the last but one percent: stragglers that met nobody twice stretch the span and lower the mean.
    const end = connects.toSorted((a, b) => a - b)[Math.floor(connects.length * 0.99)]!;
    expect(peak(connects, killedAt, end)).toBeLessThanOrEqual(3);
    const until5 = backAt + 5 * HEARTBEAT_MS;
    await until('five intervals', () => performance.now() >= until5, { everyMs: 100 });
    expect(peak(traffic.messages, backAt, until5)).toBeLessThanOrEqual(3);
    expect(online()).toBe(AGENTS);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}, 240_000);
