/** Two instances of a region on one database: whose a session is, and how a fleet moves from one to the other. */
import { CLOSE, FRAME, readPlain } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentHost } from './kit/agent-host.ts';
import { startForwarder } from './kit/forwarder.ts';
import { quietHeartbeat } from './kit/heartbeat.ts';
import type { TestHub } from './kit/hub.ts';
import { HubSite, sessionAt } from './kit/hub-site.ts';
import { until } from './kit/until.ts';
import { WireAgent } from './kit/wire-agent.ts';

const MINUTE = 60_000;
const DRAIN_MS = 4_000;
/** All connections come from one address here. */
const ENV = { HANDSHAKES_PER_ADDRESS: '1000', RECONNECT_WINDOW_SECONDS: '1' };

let site: HubSite;
let first: TestHub;
let second: TestHub;

beforeAll(async () => {
  site = await HubSite.open();
  [first, second] = [await site.start('hub-1', ENV), await site.start('hub-2', ENV)];
});
afterAll(async () => {
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  await site[Symbol.asyncDispose]();
});

const originOf = ({ hub }: TestHub) => hub.url.origin;

async function sessionRow(nodeId: string): Promise<{ instance_id: string; epoch: number; over: boolean }> {
  const [row] = await site.database.sql<{ instance_id: string; epoch: bigint; over: boolean }[]>`
    select instance_id, epoch, ended_at is not null as over from sessions where node_id = ${nodeId}`;
  return { ...row!, epoch: Number(row!.epoch) };
}

async function statusRow(nodeId: string): Promise<{ epoch: number; cpu: number }> {
  const [row] = await site.database.sql<{ epoch: bigint; cpu: number }[]>`
    select epoch, cpu from node_status where node_id = ${nodeId}`;
  return { epoch: Number(row!.epoch), cpu: row!.cpu };
}

function beatOf(cpuPermille: number) {
  const beat = quietHeartbeat({ sentAt: site.clock.now() });
  return { ...beat, gauges: { ...beat.gauges, cpuPermille } };
}

describe('a node that goes to another instance', () => {
  it('ends its session at the first one, which the database then knows nothing of', async () => {
    const identity = await first.enrol();
    const before = await new WireAgent(originOf(first), identity).connect();
    const after = await new WireAgent(originOf(second), identity).connect();
    expect(after.welcome!.epoch).toBe(before.welcome!.epoch + 1);
    await first.hub.tickers.run('session-sweep');
    expect(await before.closed).toMatchObject({ code: CLOSE.replaced });
    expect(sessionAt(first, identity.nodeId)).toBeUndefined();
    // What the first instance writes of its session's end is of another epoch.
    await first.hub.tickers.run('session-sweep');
    expect(await sessionRow(identity.nodeId)).toEqual({
      instance_id: 'hub-2',
      epoch: after.welcome!.epoch,
      over: false,
    });
    after.send('heartbeat', beatOf(250));
    await after.expect('heartbeatAck');
    await after.close();
  });

  it('is written by the instance that has it: what the other still holds of it comes too late', async () => {
    await using late = await site.start('hub-1', ENV);
    const identity = await late.enrol();
    const before = await new WireAgent(originOf(late), identity).connect();
    // From here on this instance does nothing unless told, as one that the database has kept waiting.
    await late.hub.tickers.stop();
    before.send('heartbeat', beatOf(100));
    await until(
      'the heartbeat there',
      () => sessionAt(late, identity.nodeId)?.node.gauges?.cpuPermille === 100,
    );
    const after = await new WireAgent(originOf(second), identity).connect();
    after.send('heartbeat', beatOf(900));
    await after.expect('heartbeatAck');
    before.send('heartbeat', beatOf(200));
    await until(
      'a later one there',
      () => sessionAt(late, identity.nodeId)?.node.gauges?.cpuPermille === 200,
    );
    await late.hub.tickers.run('status-flush');
    expect(await statusRow(identity.nodeId)).toEqual({
      epoch: after.welcome!.epoch,
      cpu: expect.closeTo(0.9, 5),
    });
    // A word a session: what both acknowledged is one bit in their union.
    const words = await site.database.sql<{ epoch: bigint; minutes: bigint }[]>`
      select epoch, minutes from uptime_words where node_id = ${identity.nodeId} order by epoch`;
    expect(new Set(words.map(({ epoch }) => Number(epoch)))).toEqual(
      new Set([before.welcome!.epoch, after.welcome!.epoch]),
    );
    await late.hub.tickers.run('session-sweep');
    expect(await before.closed).toMatchObject({ code: CLOSE.replaced });
    expect(sessionAt(second, identity.nodeId)?.facts.epoch).toBe(after.welcome!.epoch);
    await after.close();
  });

  it('and asks both at once has one session in the end, whoever was asked first', async () => {
    const identities = await Promise.all(Array.from({ length: 40 }, () => first.enrol()));
    const agents = await Promise.all(
      identities.flatMap((identity) =>
        [first, second].map(async (at) =>
          new WireAgent(originOf(at), identity).connect().catch(() => undefined),
        ),
      ),
    );
    await Promise.all([first, second].map(({ hub }) => hub.tickers.run('session-sweep')));
    for (const { nodeId } of identities) {
      const held = [first, second].flatMap((at) => {
        const session = sessionAt(at, nodeId);
        return session === undefined ? [] : [{ at, epoch: session.facts.epoch }];
      });
      expect(held).toHaveLength(1);
      const row = await sessionRow(nodeId);
      expect(row).toEqual({
        instance_id: held[0]!.at === first ? 'hub-1' : 'hub-2',
        epoch: held[0]!.epoch,
        over: false,
      });
    }
    await Promise.all(agents.flatMap((agent) => (agent === undefined ? [] : [agent.close()])));
  });
});

describe('an instance that starts again', () => {
  it('ends what its last run left, and nothing of the other instance', async () => {
    const run = await site.start('hub-1', ENV);
    const [mine, moved] = [await run.enrol(), await run.enrol()];
    await new WireAgent(originOf(run), mine).connect();
    await new WireAgent(originOf(run), moved).connect();
    const there = await new WireAgent(originOf(second), moved).connect();
    // As a killed one would leave them: its sessions stand in the table.
    await site.database.sql`update sessions set ended_at = null where node_id = ${mine.nodeId}`;
    await using _again = await site.start('hub-1', ENV);
    expect(await sessionRow(mine.nodeId)).toMatchObject({ instance_id: 'hub-1', over: true });
    expect(await sessionRow(moved.nodeId)).toMatchObject({ instance_id: 'hub-2', over: false });
    await run[Symbol.asyncDispose]();
    expect(await sessionRow(moved.nodeId)).toMatchObject({ instance_id: 'hub-2', over: false });
    await there.close();
  });
});

describe('a drain', () => {
  it('moves the agents of an instance to the other, and every one of them keeps its standing', async () => {
    const leaving = await site.start('hub-1', ENV);
    await using way = await startForwarder(leaving.hub.url);
    await using hosts = new AsyncDisposableStack();
    const agents = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const host = hosts.use(await AgentHost.create({ origin: way.origin }));
        await host.enroll(leaving);
        return host.start();
      }),
    );
    const at = (where: TestHub) =>
      agents.filter(({ nodeId }) => sessionAt(where, nodeId) !== undefined).length;
    await until('all at the first', () => at(leaving) === 8);
    // A balancer takes an instance out before it drains.
    way.target = second.hub.url;
    const from = performance.now();
    await leaving.hub.agents.gateway.drain(DRAIN_MS);
    expect(performance.now() - from).toBeLessThan(DRAIN_MS);
    await until('all at the second', () => at(second) === 8);
    const stranger = new WireAgent(originOf(leaving), await second.enrol());
    expect(readPlain(await stranger.next()).type).toBe(FRAME.throttle);
    expect(await stranger.closed).toMatchObject({ code: CLOSE.throttled });
    await leaving[Symbol.asyncDispose]();
    for (const { nodeId } of agents) {
      expect(await sessionRow(nodeId)).toMatchObject({ instance_id: 'hub-2', over: false });
      expect((await site.eventsOf(nodeId)).map(({ kind }) => kind)).not.toContain('live-clone');
    }
  });

  it('F03 is no mass expiry: whoever has moved is not missed where it was', async () => {
    const env = { ...ENV, TRUSTED_PROXIES: '127.0.0.1' };
    await using leaving = await site.start('hub-1', env);
    const identities = await Promise.all(
      Array.from({ length: 24 }, (_, i) => leaving.enrol({ owner: `${i % 4}@example.org` })),
    );
    const connect = (at: TestHub) =>
      Promise.all(
        identities.map((identity, i) =>
          new WireAgent(originOf(at), identity, { 'x-forwarded-for': `198.51.${i % 3}.7` }).connect(),
        ),
      );
    const before = await connect(leaving);
    // Each leaves by itself, so nobody tells this instance where it went.
    await Promise.all(before.map((agent) => agent.close()));
    await until('all gone', () => leaving.hub.agents.gateway.sessions.size === 0);
    const after = await connect(second);
    await leaving.hub.tickers.run('session-sweep');
    site.clock.advance(2 * MINUTE);
    await leaving.hub.tickers.run('mass-expiry');
    expect(leaving.log.filter((line) => line.includes('mass-expiry'))).toEqual([]);
    await Promise.all(after.map((agent) => agent.close()));
  });
});
