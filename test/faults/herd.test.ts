/** F01: a hub that dies under its fleet and comes back. Real agent cores, real WebSockets, a real hub process. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Clock,
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

/**
 * An even return is 50 connects in a second. A hub that takes 12 s to come back adds the retries of those that met none,
 * 85 a second in all: that chance puts more than 150 into any second is a Poisson tail far below 1e-8. Without jitter all
 * 1,000 come in one.
 */
const AGENTS = 1_000;
const WINDOW_MS = 20_000;
/** Short, so that five intervals pass while somebody waits; agents and hub share two cores with other tests. */
const HEARTBEAT_MS = 5_000;
const INTERVALS = 5;
const PHASES = 15;
const JOINING = 100;
/** Bounds what hangs; nothing here is measured by it. */
const HANGING = { withinMs: 300_000, everyMs: 100 };

/** What the whole fleet does to the hub, as times of the monotonic clock. */
interface Traffic {
  /** When they were due: a machine that is busy elsewhere runs the timers of a whole second at once. */
  readonly connects: number[];
  readonly messages: number[];
}

/** For what is done in a timer's task, when that timer was due. */
const due = new AsyncLocalStorage<number>();

function noting(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, task) => {
      const at = clock.monotonic() + delayMs;
      return clock.after(delayMs, () => due.run(at, task));
    },
  };
}

/** A transport that notes when it is used. */
function watched(transport: Transport, { connects, messages }: Traffic): Transport {
  return {
    name: transport.name,
    dial(target, listener): Link {
      connects.push(due.getStore() ?? performance.now());
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

/** Connects in the busiest second, relative to a return that is spread evenly over the window. */
function busiestSecond(times: readonly number[], from: number): number {
  const seconds = new Map<number, number>();
  for (const at of times) {
    const second = Math.floor((at - from) / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  return Math.max(...seconds.values()) / (AGENTS / (WINDOW_MS / 1_000));
}

/**
 * Messages in the busiest phase of the heartbeat interval, over all intervals, relative to the mean. An echo comes at
 * the same phase in each and makes 15 of it. A stall of this process puts one interval's messages into one phase, 4 in
 * all; chance, with some 670 in a phase, makes less than 1.4 (6 sigma).
 */
function busiestPhase(times: readonly number[], from: number): number {
  const phases = Array.from({ length: PHASES }, () => 0);
  const counted = times.filter((at) => at >= from && at < from + INTERVALS * HEARTBEAT_MS);
  for (const at of counted) phases[Math.floor((((at - from) % HEARTBEAT_MS) * PHASES) / HEARTBEAT_MS)]! += 1;
  return Math.max(...phases) / (counted.length / PHASES);
}

it('F01 a herd and an echo are told from an even return', () => {
  const even = Array.from({ length: AGENTS }, (_, i) => (i / AGENTS) * WINDOW_MS);
  expect(busiestSecond(even, 0)).toBeCloseTo(1, 1);
  expect(
    busiestSecond(
      even.map(() => 500),
      0,
    ),
  ).toBeGreaterThan(15);
  const beats = (at: (agent: number) => number) =>
    Array.from(
      { length: INTERVALS * AGENTS },
      (_, i) => Math.floor(i / AGENTS) * HEARTBEAT_MS + at(i % AGENTS),
    );
  expect(
    busiestPhase(
      beats((agent) => (agent / AGENTS) * HEARTBEAT_MS),
      0,
    ),
  ).toBeCloseTo(1, 1);
  expect(
    busiestPhase(
      beats(() => 100),
      0,
    ),
  ).toBeGreaterThan(10);
  // Every second agent in step with the others.
  expect(
    busiestPhase(
      beats((agent) => (agent % 2) * (agent / AGENTS) * HEARTBEAT_MS),
      0,
    ),
  ).toBeGreaterThan(5);
});

it('F01 a hub killed under 1,000 agents is met evenly by their return, without an echo in the intervals after it', async () => {
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
  const clock = noting(createClock());
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
      // Some lose an attempt on a busy machine and wait for the next: the others need not wait with them.
      await until('room for a group', () => online() >= first - JOINING, HANGING);
      const group = nodes.slice(first, first + JOINING);
      await Promise.all(group.map((node) => node.install().then(() => node.start())));
    }
    await until('everybody online', () => online() === AGENTS, HANGING);
    const killedAt = performance.now();
    await hub.kill('SIGKILL');
    await home.serve(env);
    await until('everybody back', () => online() === AGENTS, HANGING);
    const backAt = performance.now();
    const connects = traffic.connects.filter((at) => at >= killedAt);
    expect(connects.length).toBeGreaterThanOrEqual(AGENTS);
    expect(busiestSecond(connects, killedAt)).toBeLessThanOrEqual(3);
    const end = backAt + INTERVALS * HEARTBEAT_MS;
    await until('five intervals', () => performance.now() >= end, { everyMs: 100 });
    expect(busiestPhase(traffic.messages, backAt)).toBeLessThanOrEqual(5);
    expect(online()).toBe(AGENTS);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}, 600_000);
