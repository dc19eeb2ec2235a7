/** The gateway on real sockets and a real database, met by agents that do what no agent would. */
import { connect } from 'node:net';
import {
  CAPABILITY,
  CLOSE,
  decode,
  encodeAgentMessage,
  FRAME,
  HUB_FRAMES,
  LIMITS,
  readPlain,
  type UpdateStatus,
} from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, ManualClock } from './chainweb/index.ts';
import { quietHeartbeat } from './kit/heartbeat.ts';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { until } from './kit/until.ts';
import { random, WireAgent } from './kit/wire-agent.ts';

let world: TestHub;
let origin: string;

const chainClock = new ManualClock(Date.now() - 3_600_000);
const network = createNetwork({ seed: 1, clock: chainClock, history: 20 });
const node = network.addNode();

beforeAll(async () => {
  world = await openTestHub({ network, env: { CHAINWEB_URL: node.serviceUrl } });
  origin = world.hub.url.origin;
});
afterAll(() => world[Symbol.asyncDispose]());

function headerOf({ chain, hash }: { chain: number; hash: Uint8Array }): Uint8Array {
  const path = `/chainweb/0.0/simulated/chain/${chain}/header/${Buffer.from(hash).toString('base64url')}`;
  const { status, body } = node.handle({
    port: 'service',
    method: 'GET',
    path,
    headers: { accept: 'application/octet-stream' },
  });
  if (status !== 200 || typeof body === 'string') throw new Error(`no header at ${path}: ${status}`);
  return body;
}

async function eventsOf(nodeId: string): Promise<{ kind: string; detail: Record<string, unknown> }[]> {
  return world.database.sql`select kind, detail from node_events where node_id = ${nodeId} order by id`;
}

describe('a session', () => {
  it('takes a heartbeat, answers it, and writes it down', async () => {
    const identity = await world.enrol();
    const agent = await new WireAgent(origin, identity).connect();
    const tips = node.cut().tips.map(({ chain, height, hash }) => ({
      chain,
      height,
      hash: Buffer.from(hash, 'base64url'),
    }));
    agent.send('heartbeat', quietHeartbeat({ tips }));
    expect((await agent.expect('heartbeatAck')).hubTime).toBeGreaterThan(Date.now() - 10_000);
    const row = () =>
      world.database.sql`select * from node_status where node_id = ${identity.nodeId} and cpu is not null`;
    await until('the heartbeat in the table', async () => (await row()).length === 1);
    expect((await row())[0]).toMatchObject({ cpu: 0.25, memory: 0.25, disk: 0.5, peers: 7, chainweb: 'up' });
    await agent.close();
  });

  it('is given what a rollout assigned to its node once it speaks of updates, and its word is stored', async () => {
    const { sql } = world.database;
    const identity = await world.enrol();
    await sql`insert into rollouts (rollout_id, kind, version, targets_version, targets_sha256, platforms, security, state,
        ring, ring_since, judged_since, created_by, created_at)
      values (gen_random_uuid(), 'payload', '1.1.0', 2, decode(repeat('ab', 32), 'hex'), '{linux-x64}', false, 'running', 5,
        now(), now(), '', now())`;
    await sql`insert into rollout_nodes (rollout_id, node_id, owner, ring, bucket, state, assignment_id, assigned_at, deadline)
      select rollout_id, ${identity.nodeId}, '', 5, 0.5, 'assigned', decode(repeat('cd', 16), 'hex'), now(),
        now() + interval '1 hour' from rollouts`;
    const agent = await new WireAgent(origin, identity).connect({ capabilities: CAPABILITY.updates });
    const status: UpdateStatus = {
      assignment: undefined,
      state: 'idle',
      channel: 'stable',
      ...{
        since: 0,
        until: 0,
        reason: '',
        detail: '',
        lastLines: [],
        target: '',
        version: '1.0.0',
        slot: 'factory',
      },
      ...{ runtime: '24.21.0', platform: 'linux-x64', launcher: '1.0.0', updateOnly: false, previous: [] },
      ...{ blacklist: [], rootVersion: 1, targetsVersion: 1, timestampVersion: 1, timestampAt: 0 },
      ...{ pin: '', deferUntil: 0, window: '' },
    };
    agent.send('updateStatus', status);
    const { id, act, version } = await agent.expect('updateAssignment');
    expect({ act, version }).toEqual({ act: 'install', version: '1.1.0' });
    agent.send('updateStatus', { ...status, assignment: id, state: 'confirmed', target: version, version });
    const placed = () =>
      sql`select from rollout_nodes where node_id = ${identity.nodeId} and state = 'confirmed'`;
    await until('the end of the update in the table', async () => (await placed()).length === 1);
    await sql`delete from rollouts`;
    await agent.close();
  });

  it('asks for the header behind an unknown tip, verifies it and moves the head', async () => {
    const identity = await world.enrol();
    const agent = await new WireAgent(origin, identity).connect();
    await world.hub.tickers.run('reference-poller');
    const before = world.hub.tips.height(0);
    chainClock.advance(120_000);
    const tip = node.cut().tips[0]!;
    expect(tip.height).toBeGreaterThan(before);
    agent.listen((message) => {
      if (message.name === 'headerRequest')
        agent.send('headerReply', { headers: message.value.headers.map(headerOf) });
    });
    const hash = Buffer.from(tip.hash, 'base64url');
    agent.send('heartbeat', quietHeartbeat({ tips: [{ chain: 0, height: tip.height, hash }] }));
    await until('the head to move', () => world.hub.tips.height(0) >= tip.height);
    expect(world.hub.tips.head(0).hash).toBe(tip.hash);
    await agent.close();
  });

  it('F08 of an agent that was killed is replaced at once by the restarted one, and the older frames count no more', async () => {
    const identity = await world.enrol();
    const first = await new WireAgent(origin, identity).connect();
    identity.bootId = random(16);
    const second = await new WireAgent(origin, identity).connect();
    expect(second.welcome!.epoch).toBe(first.welcome!.epoch + 1);
    expect((await first.closed).code).toBe(CLOSE.replaced);
    await second.close();
  });
});

describe('frames that break the session', () => {
  it.each([
    ['a replayed frame', (_agent: WireAgent, frame: Uint8Array) => [frame, frame], CLOSE.badFrame],
    [
      'a flipped bit',
      (_agent: WireAgent, frame: Uint8Array) => [frame.with(30, frame[30]! ^ 1)],
      CLOSE.badFrame,
    ],
    ['a cut frame', (_agent: WireAgent, frame: Uint8Array) => [frame.slice(0, 20)], CLOSE.badFrame],
    [
      'a gap',
      (agent: WireAgent) => {
        agent.session!.seal(FRAME.ping, new Uint8Array(4));
        return [agent.session!.seal(FRAME.ping, new Uint8Array(4))];
      },
      CLOSE.badFrame,
    ],
    [
      'a type that no agent sends',
      (agent: WireAgent) => [agent.session!.seal(99, new Uint8Array(0))],
      CLOSE.badFrame,
    ],
  ])('%s closes it, and the next session is welcome', async (_name, make, code) => {
    const identity = await world.enrol();
    const agent = await new WireAgent(origin, identity).connect();
    const { type, payload } = encodeAgentMessage('ping', { intervalMs: 20_000 });
    // The frame is made only where the case uses it: a sealed frame that is never sent is a gap.
    const frame = make.length > 1 ? agent.session!.seal(type, payload) : new Uint8Array(0);
    for (const bytes of make(agent, frame)) agent.socket.send(bytes);
    expect((await agent.closed).code).toBe(code);
    const again = await new WireAgent(origin, identity).connect();
    await again.close();
  });

  it('a message past the bound is refused by the socket itself', async () => {
    const identity = await world.enrol();
    const agent = await new WireAgent(origin, identity).connect();
    agent.socket.send(new Uint8Array(LIMITS.frameBytes + 1));
    expect((await agent.closed).code).toBe(1009);
  });
});

describe('before authentication', () => {
  it.each([
    ['garbage', random(200)],
    ['nothing at all', new Uint8Array(0)],
    ['more than 4 KiB', new Uint8Array(LIMITS.preAuthBytes + 1)],
  ])('%s is answered with an error and closed', async (_name, bytes) => {
    const agent = new WireAgent(origin, await world.enrol());
    await agent.next();
    agent.socket.send(bytes);
    const { type, payload } = readPlain(await agent.next());
    expect(type).toBe(FRAME.error);
    expect(decode(HUB_FRAMES.error, payload).code).toMatch(
      /malformed|unsupported_version|unknown_type|too_large/,
    );
    expect((await agent.closed).code).toBeGreaterThanOrEqual(4000);
  });

  it('a Hello signed by another key is refused, and says so on both sides', async () => {
    const [identity, other] = [await world.enrol(), await world.enrol()];
    const agent = new WireAgent(origin, identity);
    await expect(agent.connect({ key: other.key })).rejects.toThrow(/frame|closed/);
    expect((await agent.closed).code).toBe(CLOSE.badHandshake);
  });

  it('a Hello made for another connection is refused', async () => {
    const identity = await world.enrol();
    const [first, second] = [new WireAgent(origin, identity), new WireAgent(origin, identity)];
    const { hello } = await first.prepare();
    await second.next();
    second.socket.send(hello);
    expect((await second.closed).code).toBe(CLOSE.badHandshake);
    await first.close();
  });

  it('an upgrade that is not an agent’s is answered in HTTP', async () => {
    const answer = (head: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(world.hub.url.port), world.hub.url.hostname, () => socket.write(head));
        socket.on('data', (data) => resolve(data.toString().split('\r\n')[0]!));
      });
    const upgrade = (path: string, extra = '') =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${extra}\r\n`;
    expect(await answer(upgrade('/elsewhere'))).toMatch(/404/);
    expect(await answer(upgrade('/agent/v1'))).toMatch(/400/);
    expect(
      await answer(upgrade('/agent/v1', 'Sec-WebSocket-Protocol: stoa-agent.v1\r\nstoa-nonce: !!\r\n')),
    ).toMatch(/400/);
  });
});

describe('F07 a cloned data directory', () => {
  const isStored = async (nodeId: string) => {
    const [row] = await world.database.sql`select ratchet_stored from sessions where node_id = ${nodeId}`;
    return row?.['ratchet_stored'] === true;
  };

  it('F07 its stale copy is named and turned away, and the node keeps its session', async () => {
    const identity = await world.enrol();
    const first = await new WireAgent(origin, identity).connect();
    const copy = { ...identity, bootId: random(16) };
    await first.close();
    const again = await new WireAgent(origin, identity).connect();
    const third = await new WireAgent(origin, identity).connect();
    expect((await again.closed).code).toBe(CLOSE.replaced);
    const stale = new WireAgent(origin, copy);
    await expect(stale.connect()).rejects.toThrow(/frame|closed/);
    expect((await stale.closed).code).toBe(CLOSE.quarantined);
    third.send('heartbeat', quietHeartbeat());
    await third.expect('heartbeatAck');
    await until('the event', async () =>
      (await eventsOf(identity.nodeId)).some(({ kind }) => kind === 'stale-copy'),
    );
    expect((await eventsOf(identity.nodeId)).find(({ kind }) => kind === 'stale-copy')?.detail).toMatchObject(
      {
        bootId: Buffer.from(copy.bootId).toString('hex'),
      },
    );
    await third.close();
  });

  it('F07 a copy that is one secret behind cannot take a session that ended, once the node has stored the next', async () => {
    const identity = await world.enrol();
    const copy = { ...identity, bootId: random(16) };
    const first = await new WireAgent(origin, identity).connect();
    first.send('ratchetStored', {});
    await until('it is noted', async () => await isStored(identity.nodeId));
    await first.close();
    const stale = new WireAgent(origin, copy);
    await expect(stale.connect()).rejects.toThrow(/frame|closed/);
    expect((await stale.closed).code).toBe(CLOSE.quarantined);
    // The node itself is welcome, and so is one that was killed before it stored the next: nobody said that it had.
    const before = { ...identity, bootId: random(16) };
    const again = await new WireAgent(origin, identity).connect();
    await again.close();
    expect(await isStored(identity.nodeId)).toBe(false);
    const killed = await new WireAgent(origin, before).connect();
    await killed.close();
  });

  it('F07 a live clone names both processes, and the node is disputed', async () => {
    const identity = await world.enrol();
    const original = await new WireAgent(origin, identity).connect();
    const clone = { ...identity, bootId: random(16) };
    const cloned = await new WireAgent(origin, clone).connect();
    cloned.send('ratchetStored', {});
    await until('it is noted', async () => await isStored(identity.nodeId));
    expect((await original.closed).code).toBe(CLOSE.replaced);
    const back = await new WireAgent(origin, identity).connect();
    expect((await cloned.closed).code).toBe(CLOSE.replaced);
    await until('the event', async () =>
      (await eventsOf(identity.nodeId)).some(({ kind }) => kind === 'live-clone'),
    );
    expect((await eventsOf(identity.nodeId)).find(({ kind }) => kind === 'live-clone')?.detail).toMatchObject(
      {
        bootId: Buffer.from(identity.bootId).toString('hex'),
        other: Buffer.from(clone.bootId).toString('hex'),
      },
    );
    const [row] = await world.database.sql`select disputed_at from nodes where node_id = ${identity.nodeId}`;
    expect(row!['disputed_at']).not.toBeNull();
    await back.close();
  });
});
