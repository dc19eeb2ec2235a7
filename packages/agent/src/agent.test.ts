import {
  auditReportKind,
  CAPABILITY,
  checkpointKind,
  MINUTES_MASK,
  peek,
  toHex,
  UNKNOWN_U16,
} from '@stoa/protocol';
import { describe, expect, test } from 'vitest';
import { AgentWorld, cutAt, HubWorld } from '#agent-world.fixture.ts';
import { IdentityStore } from '#identity/identity-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function running() {
  const world = await AgentWorld.enrolled();
  const agent = await world.boot();
  agent.start();
  await world.clock.advance(1_000);
  return { ...world, world, agent, clock: world.clock, hub: world.hub, disk: world.disk };
}

describe('a session', () => {
  test('begins with a heartbeat, the description, the settings, the health, and what work it takes', async () => {
    const { hub } = await running();
    expect(hub.last.received.map(({ name }) => name)).toEqual([
      'heartbeat',
      'agentDescription',
      'effectiveConfig',
      'componentHealth',
      'workPolicy',
      'leaseRequest',
      'ratchetStored',
    ]);
    expect(hub.received('agentDescription')[0]).toMatchObject({ agentVersion: '0.1.0', hostname: 'host' });
  });

  test('has a heartbeat every 30 s, give or take a fifth, with the tips that changed', async () => {
    const { hub, clock, world } = await running();
    await clock.advance(MINUTE);
    world.scene.cut = () => ({ ...cutAt(100), tips: cutAt(100).tips.with(3, cutAt(101).tips[3]!) });
    await clock.advance(10 * MINUTE);
    const beats = hub.received('heartbeat');
    expect(beats.length).toBeGreaterThan(17);
    expect(beats.length).toBeLessThan(28);
    const gaps = beats.slice(2).map((beat, i) => beat.sentAt - beats[i + 1]!.sentAt);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(36_000);
    expect(new Set(gaps).size).toBeGreaterThan(10);
    const told = beats.map(({ tips }) => tips.map(({ chain }) => chain)).filter((tips) => tips.length > 0);
    expect(told).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [3]]);
    expect(beats.at(-1)).toMatchObject({
      chainweb: 'up',
      gauges: { cpuPermille: 125, peers: 12, rttMs: 20, diskFreeMb: 2 ** 20, txKbps: 16 },
    });
  });

  test('tells new tips of a stream within a third of the interval, together', async () => {
    const { hub, clock, world } = await running();
    await clock.advance(5 * MINUTE);
    const before = hub.received('tipReport').length;
    for (let height = 101; height <= 140; height += 1) {
      world.publish(cutAt(height, 'stream'));
      await clock.advance(1_000);
    }
    const reports = hub.received('tipReport').slice(before);
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.length).toBeLessThanOrEqual(5);
  });

  test('that asks for the full state gets it', async () => {
    const { hub, clock } = await running();
    await clock.advance(5 * MINUTE);
    const before = hub.last.received.length;
    hub.send('reportFullState', {});
    await clock.advance(100);
    const told = hub.last.received.slice(before);
    expect(told.map(({ name }) => name)).toEqual([
      'heartbeat',
      'agentDescription',
      'effectiveConfig',
      'componentHealth',
    ]);
    expect(told[0]).toMatchObject({ value: { tips: { length: 10 } } });
  });

  test('reports a description and a health that changed, once', async () => {
    const { hub, clock, world } = await running();
    await clock.advance(5 * MINUTE);
    const [descriptions, healths] = [
      hub.received('agentDescription').length,
      hub.received('componentHealth').length,
    ];
    const node = (await world.scene.process()).node!;
    world.scene.process = () => ({
      node: { ...node, argv: ['chainweb-node', '--new'] },
      count: 1,
      unreadable: 0,
    });
    world.scene.chainweb = () => Promise.reject(new Error('the node is away'));
    await clock.advance(10 * MINUTE);
    expect(hub.received('agentDescription').length).toBe(descriptions + 1);
    expect(hub.received('agentDescription').at(-1)?.process?.argv).toEqual(['chainweb-node', '--new']);
    expect(hub.received('componentHealth').length).toBe(healths + 1);
    expect(
      hub
        .received('componentHealth')
        .at(-1)
        ?.components.find(({ name }) => name === 'chainweb'),
    ).toMatchObject({
      state: 'warn',
      why: 'the node is away',
    });
  });

  test('answers header requests from the node, a few at once, leaving out what it lacks', async () => {
    const { hub, clock, world } = await running();
    let [atOnce, most] = [0, 0];
    world.fetchHeader = async ({ chain }) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise<void>((resolve) => clock.after(500, resolve));
      atOnce -= 1;
      if (chain === 2) throw new Error('unknown');
      return new Uint8Array(318).fill(chain);
    };
    const headers = Array.from({ length: 8 }, (_, chain) => ({ chain, hash: new Uint8Array(32) }));
    hub.send('headerRequest', { headers });
    hub.send('headerRequest', { headers: headers.slice(5) });
    await clock.advance(10_000);
    expect(hub.received('headerReply').map((reply) => reply.headers.map((header) => header[0]))).toEqual([
      [0, 1, 3, 4, 5, 6, 7],
      [5, 6, 7],
    ]);
    expect(most).toBe(4);
  });

  test('offers audits where it can read payloads, and answers them', async () => {
    const without = await running();
    expect(without.hub.connections.at(-1)?.hello?.capabilities).toBe(CAPABILITY.receipts);
    const world = await AgentWorld.enrolled();
    world.fetchPayload = async () => ({
      ...{ minerData: new Uint8Array(1), transactions: [], outputsHash: 'A'.repeat(43) },
    });
    const agent = await world.boot();
    agent.start();
    await world.clock.advance(1_000);
    const { hub, clock } = world;
    expect(hub.connections.at(-1)?.hello?.capabilities).toBe(CAPABILITY.receipts | CAPABILITY.audits);
    const nonce = new Uint8Array(16).fill(7);
    hub.send('auditChallenge', { nonce, payloads: [{ chain: 1, height: 2, hash: new Uint8Array(32) }] });
    await clock.advance(100);
    const [{ sealed }] = hub.received('auditResponse') as [{ sealed: Uint8Array }];
    expect(peek(auditReportKind, sealed)).toMatchObject({ nonce, outcome: 'answered' });
    expect(toHex(peek(auditReportKind, sealed).node)).toBe(agent.nodeId);
  });

  test('that is throttled goes on with heartbeats only, for as long as was asked', async () => {
    const { hub, clock, world } = await running();
    hub.send('throttle', { retryAfterMs: 5 * MINUTE });
    await clock.advance(100);
    world.publish(cutAt(200, 'stream'));
    const before = hub.last.received.length;
    await clock.advance(4 * MINUTE);
    expect(new Set(hub.last.received.slice(before).map(({ name }) => name))).toEqual(
      new Set(['heartbeat', 'ping']),
    );
  });
});

describe('faults', () => {
  test('F29 collectors that hang stop no heartbeat; what they last said ages', async () => {
    const { hub, clock, world, agent } = await running();
    await clock.advance(MINUTE);
    const never = () => new Promise<never>(() => undefined);
    Object.assign(world.scene, {
      cut: never,
      chainweb: never,
      process: never,
      host: never,
      commitment: never,
    });
    const before = hub.received('heartbeat').length;
    await clock.advance(10 * MINUTE);
    expect(hub.received('heartbeat').length - before).toBeGreaterThan(16);
    const last = hub.received('heartbeat').at(-1)!;
    expect(last.gauges).toMatchObject({ cpuPermille: UNKNOWN_U16, peers: UNKNOWN_U16 });
    expect(last.chainweb).toBe('down');
    const health = hub.received('componentHealth').at(-1)!.components;
    expect(health.filter(({ state }) => state === 'fail').map(({ name }) => name)).toEqual([
      'cut',
      'chainweb',
      'process',
      'host',
      'commitment',
    ]);
    expect(agent.link().state).toBe('established');
  });

  test('F33 stopping takes less than ten seconds where neither hub nor disk nor node answers', async () => {
    const { clock, world, agent } = await running();
    await clock.advance(MINUTE);
    world.transport.faults.blackHole = true;
    world.scene.cut = () => new Promise<never>(() => undefined);
    let stopped = false;
    const stopping = agent.stop().then(() => {
      stopped = true;
    });
    await clock.advance(10_000);
    expect(stopped).toBe(true);
    await stopping;
    expect(await agent.ended).toBe('stopped');
    await clock.advance(HOUR);
    expect(clock.pending).toBe(0);
  });

  test('F33 an agent that waits for its hub stops at once', async () => {
    const world = await AgentWorld.enrolled();
    world.transport.faults.down = true;
    const agent = await world.boot();
    agent.start();
    await world.clock.advance(MINUTE);
    let stopped = false;
    void agent.stop().then(() => {
      stopped = true;
    });
    await world.clock.advance(0);
    expect(stopped).toBe(true);
    await world.clock.advance(HOUR);
    expect(world.clock.pending).toBe(0);
  });

  test('F08 kill -9 and a new start: a session at once, with the identity and the ratchet that are on disk', async () => {
    const { clock, hub, disk, world } = await running();
    await clock.advance(10 * MINUTE);
    disk.restart('lost');
    const revived = await world.boot();
    revived.start();
    await clock.advance(1_000);
    expect(revived.link()).toMatchObject({ state: 'established', sessions: 1 });
    expect(hub.sessions.length).toBe(2);
  });

  test('F28 a day without a hub: samples are kept, the oldest dropped and counted, and sent at the allowed rate', async () => {
    const { clock, hub, world, agent } = await running();
    world.transport.faults.down = true;
    world.transport.cut();
    await clock.advance(26 * HOUR);
    expect(agent.outbox().droppedSamples).toBeGreaterThan(100);
    world.transport.faults.down = false;
    await clock.advance(15 * MINUTE);
    const batches = hub.received('metricsBatch');
    expect(batches.reduce((sum, { samples }) => sum + samples.length, 0)).toBeGreaterThan(1_400);
    const times = batches.flatMap(({ samples }) => samples.map(({ at }) => at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(clock.now() - times.at(-1)!).toBeLessThan(16 * MINUTE);
  });

  test('a full disk keeps the session, is reported, and ends when there is room', async () => {
    const { clock, hub, disk, world, agent } = await running();
    disk.capacityBytes = 0;
    world.transport.cut();
    await clock.advance(5 * MINUTE);
    expect(agent.link()).toMatchObject({ state: 'established', sessions: 2 });
    expect(hub.received('ratchetStored')).toHaveLength(1);
    const states = () =>
      Object.fromEntries(
        hub
          .received('componentHealth')
          .at(-1)!
          .components.map(({ name, state }) => [name, state]),
      );
    expect(states()).toMatchObject({ storage: 'fail', evidence: 'fail' });
    // The secret that could not be stored is not used: the one on disk is still good.
    world.transport.cut();
    await clock.advance(5 * MINUTE);
    expect(agent.link()).toMatchObject({ state: 'established', sessions: 3 });
    disk.capacityBytes = 1e9;
    await clock.advance(5 * MINUTE);
    expect(states()).toMatchObject({ storage: 'ok', evidence: 'ok' });
    const revived = await world.boot();
    revived.start();
    await clock.advance(1_000);
    expect(revived.link().state).toBe('established');
  });

  test('F05 a Revoke that the root signed wipes the key and keeps the evidence; the note outlives the process', async () => {
    const { clock, hub, disk, world, agent } = await running();
    await clock.advance(70 * MINUTE);
    const { nodeId } = await IdentityStore.open(disk, world.directory);
    hub.send('revoke', world.region.revoke(nodeId));
    await clock.advance(20_000);
    expect(await agent.ended).toBe('revoked');
    await expect(world.boot()).rejects.toMatchObject({ code: 'node_revoked' });
    expect(await disk.stat(`${world.directory}/identity`)).toBeUndefined();
    expect(await disk.list(`${world.directory}/${agent.nodeId.slice(0, 16)}/evidence`)).toContain('log');
    await clock.advance(HOUR);
    expect(clock.pending).toBe(0);
  });
});

describe('evidence', () => {
  test('an hour in session ends with a receipt for all its minutes', async () => {
    const { clock, hub, agent } = await running();
    await clock.advance(2 * HOUR + 6 * MINUTE);
    const checkpoints = hub.received('checkpoint').map(({ sealed }) => peek(checkpointKind, sealed));
    expect(checkpoints.map(({ minutes }) => minutes)).toEqual([MINUTES_MASK, MINUTES_MASK]);
    expect(checkpoints.every(({ sessionIds }) => sessionIds.length === 1)).toBe(true);
    expect(checkpoints[0]?.tipsDigest).not.toEqual(new Uint8Array(32));
    expect(checkpoints[1]?.inputsDigest).not.toEqual(checkpoints[0]?.inputsDigest);
    expect(agent.outbox().waiting).toBe(0);
  });
});

test('F34 many agent cores live in one process on virtual time, and their steps spread', async () => {
  const around = new HubWorld();
  const { clock, hub } = around;
  const agents = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const world = await AgentWorld.enrolled(`node-${n}`, around);
      const agent = await world.boot();
      agent.start();
      return { world, agent };
    }),
  );
  await clock.advance(10 * MINUTE);
  expect(agents.every(({ agent }) => agent.link().state === 'established')).toBe(true);
  // The hub goes away and comes back: its 100 agents return over the reconnect window, not at once.
  for (const { world } of agents) world.transport.cut();
  await clock.advance(2 * MINUTE);
  expect(agents.every(({ agent }) => agent.link().sessions === 2)).toBe(true);
  const returns = hub.connections.slice(100).map(({ at }) => Math.floor(at / 1_000));
  const most = Math.max(...returns.map((second) => returns.filter((other) => other === second).length));
  expect(most).toBeLessThan(10);
  await Promise.all([...agents.map(({ agent }) => agent.stop()), clock.advance(MINUTE)]);
  expect(clock.pending).toBe(0);
}, 30_000);
