/** The fallback transport against a real hub: the same frames, by numbered polls that get lost, come twice, or end midway. */
import { CLOSE, decode, FRAME, HUB_FRAMES, joinBatch, LIMITS, readPlain, splitBatch } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietHeartbeat } from './kit/heartbeat.ts';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { sessionAt } from './kit/hub-site.ts';
import { PollAgent, post } from './kit/poll-agent.ts';
import { ShiftedClock } from './kit/shifted-clock.ts';
import { until } from './kit/until.ts';
import { WireAgent } from './kit/wire-agent.ts';

const clock = new ShiftedClock();
let world: TestHub;
let origin: string;

beforeAll(async () => {
  world = await openTestHub({ clock });
  origin = world.hub.url.origin;
});
afterAll(() => world[Symbol.asyncDispose]());

async function connected() {
  const identity = await world.enrol();
  return { identity, agent: await PollAgent.connect(origin, identity) };
}

const framesIn = () => world.hub.agents.gateway.counters.framesIn;
const beat = () => quietHeartbeat({ sentAt: clock.now() });

/** A poll that the hub has and holds: it takes the report without an answer. */
async function held(agent: PollAgent, by: { signal?: AbortSignal; at?: TestHub } = {}) {
  const { signal, at = world } = by;
  const taken = () => at.hub.agents.gateway.counters.framesIn;
  const before = taken();
  agent.number += 1;
  const body = joinBatch([agent.seal('tipReport', { tips: [] })]);
  const answer = agent.post(body, signal && { signal });
  // Whoever waits for it hears of it later than now.
  answer.catch(() => undefined);
  await until('the poll at the hub', () => taken() > before);
  return { answer, body };
}

describe('a session by long-poll', () => {
  it('is one as by WebSocket: heartbeats are acknowledged and stored, and pings answered at once', async () => {
    const { identity, agent } = await connected();
    const [row] = await world.database.sql`
      select transport, ended_at from sessions where node_id = ${identity.nodeId}`;
    expect(row).toEqual({ transport: 'long-poll', ended_at: null });
    const { hubTime } = await agent.expect('heartbeatAck', [agent.seal('heartbeat', beat())]);
    expect(Math.abs(hubTime - clock.now())).toBeLessThan(10_000);
    const [status] = await world.database.sql`
      select cpu from node_status where node_id = ${identity.nodeId}`;
    expect(status).toMatchObject({ cpu: 0.25 });
    const frames = Array.from({ length: 3 }, () => agent.seal('ping', { intervalMs: 20_000 }));
    const pongs = agent.read(await agent.poll(frames));
    expect(pongs.map(({ name }) => name)).toEqual(['pong', 'pong', 'pong']);
    await agent.close();
    await until('its end', () => sessionAt(world, identity.nodeId) === undefined);
    await expect(agent.poll()).rejects.toThrow('410');
  });

  it('takes no Hello that was made for a WebSocket', async () => {
    const agent = await PollAgent.open(origin, await world.enrol());
    expect(() => agent.prepare('websocket')).toThrow(/not signed/);
    const socket = new WireAgent(origin, await world.enrol());
    const { hello } = await socket.prepare();
    const [said] = await agent.poll([hello]);
    expect(decode(HUB_FRAMES.error, readPlain(said!).payload).code).toBe('bad_signature');
    await expect(agent.poll()).rejects.toThrow(`closed with ${CLOSE.badHandshake}`);
    await socket.close();
  });

  it('gives way to a newer one by WebSocket, and is told so by the poll that waits', async () => {
    const { identity, agent } = await connected();
    const waiting = await held(agent);
    const socket = await new WireAgent(origin, identity).connect();
    const { status, headers } = await waiting.answer;
    expect([status, headers['stoa-close']]).toEqual([410, String(CLOSE.replaced)]);
    expect(sessionAt(world, identity.nodeId)?.link.transport).toBe('websocket');
    await socket.close();
  });
});

describe('polls that get lost or come twice', () => {
  it('a repeated one is answered alike, and its frames are taken once', async () => {
    const { agent } = await connected();
    const before = framesIn();
    agent.number += 1;
    const body = joinBatch([agent.seal('ping', { intervalMs: 20_000 })]);
    const answers = await Promise.all([agent.post(body), agent.post(body), agent.post(body)]);
    answers.push(await agent.post(body));
    expect(new Set(answers.map((answer) => answer.body.toString('hex'))).size).toBe(1);
    expect(agent.read(splitBatch(answers[0]!.body)).map(({ name }) => name)).toEqual(['pong']);
    expect(framesIn() - before).toBe(1);
    await agent.close();
  });

  it('one whose connection breaks while it waits loses nothing', async () => {
    const { identity, agent } = await connected();
    const broken = new AbortController();
    const waiting = await held(agent, { signal: broken.signal });
    broken.abort();
    await expect(waiting.answer).rejects.toThrow(/abort/);
    // What the hub says meanwhile goes into the answer that nobody has read.
    sessionAt(world, identity.nodeId)!.send('pong', { hubTime: 7 });
    const again = await agent.post(waiting.body);
    expect(agent.read(splitBatch(again.body))).toEqual([{ name: 'pong', value: { hubTime: 7 } }]);
    await agent.expect('heartbeatAck', [agent.seal('heartbeat', beat())]);
    await agent.close();
  });

  it('one whose body breaks off counts for nothing', async () => {
    const { agent } = await connected();
    const before = framesIn();
    agent.number += 1;
    const body = joinBatch([agent.seal('ping', { intervalMs: 20_000 })]);
    const broken = new AbortController();
    const half = agent.post(body.subarray(0, 10), { contentLength: body.length, signal: broken.signal });
    setImmediate(() => broken.abort());
    await expect(half).rejects.toThrow(/abort/);
    expect(agent.read(splitBatch((await agent.post(body)).body)).map(({ name }) => name)).toEqual(['pong']);
    expect(framesIn() - before).toBe(1);
    await agent.close();
  });

  it.each([
    ['of a number long past', (agent: PollAgent) => ({ number: agent.number - 1 }), 400],
    ['that leaves a number out', (agent: PollAgent) => ({ number: agent.number + 2 }), 400],
    ['without a number', () => ({ number: Number.NaN }), 400],
    ['of a session that there is not', () => ({ headers: { 'stoa-session': 'x', 'stoa-poll': '1' } }), 410],
  ])('one %s is refused and harms no session', async (_what, change, status) => {
    const { agent } = await connected();
    agent.read(await agent.poll([agent.seal('ping', { intervalMs: 20_000 })]));
    expect((await agent.post(joinBatch([]), change(agent))).status).toBe(status);
    expect(agent.read(await agent.poll([agent.seal('ping', { intervalMs: 20_000 })]))).toHaveLength(1);
    await agent.close();
  });

  it('a frame that comes again under a new number ends the session', async () => {
    const { agent } = await connected();
    const frame = agent.seal('ping', { intervalMs: 20_000 });
    await agent.poll([frame]);
    await expect(agent.poll([frame])).rejects.toThrow(`closed with ${CLOSE.badFrame}`);
  });

  it('a body past the bound is refused before it is read', async () => {
    const { agent } = await connected();
    agent.number += 1;
    const bytes = 4 * LIMITS.frameBytes + 1;
    expect((await agent.post(new Uint8Array(10), { contentLength: bytes })).status).toBe(413);
    expect((await agent.post(joinBatch([agent.seal('ping', { intervalMs: 20_000 })]))).status).toBe(200);
    await agent.close();
  });
});

describe('an agent that does not come back', () => {
  it('F06 is dead after two and a half pings', async () => {
    const { identity, agent } = await connected();
    await agent.poll([agent.seal('ping', { intervalMs: 20_000 })]);
    clock.advance(51_000);
    await until('its end', () => sessionAt(world, identity.nodeId) === undefined);
    await expect(agent.poll()).rejects.toThrow(`closed with ${CLOSE.deadPeer}`);
  });

  it('F26 is closed once what waits for it passes the cap', async () => {
    const { identity } = await connected();
    const session = sessionAt(world, identity.nodeId)!;
    const alternates = Array.from({ length: 8 }, () => 'x'.repeat(250));
    for (let i = 0; i < 200; i += 1) session.send('goAway', { delayMs: 0, alternates });
    await until('its end', () => sessionAt(world, identity.nodeId) === undefined);
    expect(session.link.buffered).toBeLessThan(300 * 1024);
  });
});

describe('before authentication', () => {
  it.each([
    ['no nonce', {}],
    ['a short one', { 'stoa-nonce': 'AA' }],
    ['one that is no base64url', { 'stoa-nonce': '!!' }],
  ])('%s opens nothing', async (_what, headers) => {
    expect(
      (await post(origin, { path: 'poll/open', headers: headers as Record<string, string> })).status,
    ).toBe(400);
  });

  it('more than a Hello is not read', async () => {
    const agent = await PollAgent.open(origin, await world.enrol());
    const { hello, finish } = agent.prepare();
    agent.number += 1;
    const bytes = LIMITS.preAuthBytes + 5;
    expect((await agent.post(new Uint8Array(10), { contentLength: bytes })).status).toBe(413);
    const [welcome] = splitBatch((await agent.post(joinBatch([hello]))).body);
    finish(welcome!);
    await agent.close();
  });

  it('garbage is answered with an error, and the link closed', async () => {
    const agent = await PollAgent.open(origin, await world.enrol());
    const [said] = await agent.poll([new Uint8Array(300).fill(7)]);
    expect(readPlain(said!).type).toBe(FRAME.error);
    await expect(agent.poll()).rejects.toThrow('410');
  });
});

describe('a hub that stops', () => {
  it('tells the poll that waits, instead of cutting it', async () => {
    const other = await openTestHub({ logLevel: 'error' });
    const agent = await PollAgent.connect(other.hub.url.origin, await other.enrol());
    const waiting = await held(agent, { at: other });
    await other[Symbol.asyncDispose]();
    const { status, headers } = await waiting.answer;
    expect([status, headers['stoa-close']]).toEqual([410, String(CLOSE.goingAway)]);
  });
});
