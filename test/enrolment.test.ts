/** Enrolment over real HTTP against a real database, by nodes that are honest, late, repeated, racing or somebody else's. */
import { request } from 'node:http';
import { LIMITS, type SigningKey } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from './chainweb/index.ts';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { nodeIdOf } from './kit/region.ts';
import { random, WireAgent, wireIdentity } from './kit/wire-agent.ts';
import { beginEnrolment, endEnrolment, enrolOverHttp } from './kit/wire-enrolment.ts';

type TokenRequest = Parameters<TestHub['hub']['tokens']['create']>[0];

let world: TestHub;
let origin: string;
/** What the hub takes for now; its timers are real. */
const clock = new ManualClock(Date.now());

beforeAll(async () => {
  world = await openTestHub({ clock: { now: () => clock.now(), after: realTimer }, logLevel: 'warn' });
  origin = world.hub.url.origin;
});
afterAll(() => world[Symbol.asyncDispose]());

function realTimer(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
}

function newKey(): SigningKey {
  return nodeCrypto.signingKey(random(32));
}

function token(change: Partial<TokenRequest> = {}): Promise<string> {
  return world.hub.tokens.create({ owner: 'a@example.org', createdBy: 'test', ...change });
}

describe('a join token', () => {
  it('lets one node in, which then has a session', async () => {
    const key = newKey();
    const { status, reply } = await enrolOverHttp(origin, { token: await token({ label: 'mine' }), key });
    expect(status).toBe(200);
    expect(reply).toMatchObject({ owner: 'a@example.org', label: 'mine', region: 'local' });
    const agent = await new WireAgent(origin, wireIdentity(key, reply!.credential, world.region)).connect();
    expect(agent.welcome).toMatchObject({ label: 'mine', quarantined: false });
    await agent.close();
  });

  it('is spent by the first of two nodes, whichever that is', async () => {
    const spent = await token();
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => enrolOverHttp(origin, { token: spent, key: newKey() })),
    );
    expect(answers.map(({ status, code }) => code ?? status).sort()).toEqual([
      200,
      'join_token_used',
      'join_token_used',
      'join_token_used',
    ]);
  });

  it('repeated after a lost answer gives the same certificate, and is not spent again', async () => {
    const [repeated, key] = [await token({ uses: 2, label: 'twin' }), newKey()];
    const first = await enrolOverHttp(origin, { token: repeated, key });
    const again = await enrolOverHttp(origin, { token: repeated, key });
    expect(again.reply!.credential.node).toEqual(first.reply!.credential.node);
    expect(again.reply!.label).toBe('twin');
    const other = await enrolOverHttp(origin, { token: repeated, key: newKey() });
    expect(other.reply!.label).toBe('twin-2');
  });

  it('that expired, with a wrong secret or never made lets nobody in, and the last two answer alike', async () => {
    const old = await token({ ttlMs: 60_000 });
    clock.advance(61_000);
    expect(await enrolOverHttp(origin, { token: old, key: newKey() })).toMatchObject({
      status: 410,
      code: 'join_token_expired',
    });
    const known = await token();
    const guessed = { token: known, key: newKey(), change: { tokenSecret: random(32) } };
    const invented = { token: known, key: newKey(), change: { tokenId: random(16) } };
    for (const by of [guessed, invented])
      expect(await enrolOverHttp(origin, by)).toMatchObject({ status: 404, code: 'join_token_unknown' });
    expect(await enrolOverHttp(origin, { token: known, key: newKey() })).toMatchObject({ status: 200 });
  });

  it('may be for one network, and for so many nodes an hour', async () => {
    const elsewhere = await token({ addressRange: '203.0.113.0/24' });
    expect(await enrolOverHttp(origin, { token: elsewhere, key: newKey() })).toMatchObject({
      status: 403,
      code: 'join_token_elsewhere',
    });
    const here = await token({ addressRange: '127.0.0.0/8' });
    expect(await enrolOverHttp(origin, { token: here, key: newKey() })).toMatchObject({ status: 200 });
    const slow = await token({ uses: 3, maxPerHour: 1, ttlMs: 3 * 3_600_000 });
    expect(await enrolOverHttp(origin, { token: slow, key: newKey() })).toMatchObject({ status: 200 });
    expect(await enrolOverHttp(origin, { token: slow, key: newKey() })).toMatchObject({ status: 429 });
    clock.advance(3_600_001);
    expect(await enrolOverHttp(origin, { token: slow, key: newKey() })).toMatchObject({ status: 200 });
  });

  it('of another owner takes no node over, and is not spent by the attempt', async () => {
    const key = newKey();
    await enrolOverHttp(origin, { token: await token(), key });
    const others = await token({ owner: 'b@example.org' });
    expect(await enrolOverHttp(origin, { token: others, key })).toMatchObject({
      status: 409,
      code: 'node_of_another_owner',
    });
    expect(await enrolOverHttp(origin, { token: others, key: newKey() })).toMatchObject({ status: 200 });
  });

  it('gives an owner to a node of which only its certificate was known', async () => {
    const key = newKey();
    const credential = await world.region.signer.enrol({ publicKey: key.publicKey, tokenId: random(16) });
    const identity = wireIdentity(key, credential, world.region);
    const stranger = await new WireAgent(origin, identity).connect();
    expect(stranger.welcome!.quarantined).toBe(true);
    await stranger.close();
    expect(await enrolOverHttp(origin, { token: await token({ label: 'found' }), key })).toMatchObject({
      status: 200,
    });
    const owned = await new WireAgent(origin, identity).connect();
    expect(owned.welcome).toMatchObject({ quarantined: false, label: 'found' });
    await owned.close();
  });

  it.each([
    ['no use', { uses: 0 }],
    ['half a use', { uses: 0.5 }],
    ['a year', { ttlMs: 365 * 24 * 3_600_000 }],
    ['no label at all', { label: '' }],
    ['a range that is none', { addressRange: '203.0.113.0' }],
  ])('of %s is not made', async (_name, change) => {
    await expect(token(change)).rejects.toMatchObject({ name: 'EnrolmentError', status: 400 });
  });
});

describe('an exchange', () => {
  it('is of one connection: neither the proof for another nor a second spending holds', async () => {
    const [mine, key] = [await token({ uses: 2 }), newKey()];
    const [first, second] = [await beginEnrolment(origin, mine), await beginEnrolment(origin, mine)];
    const crossed = { id: second.id, transcript: first.transcript };
    expect(await endEnrolment(origin, crossed, { token: mine, key })).toMatchObject({
      status: 400,
      code: 'bad_signature',
    });
    expect(await endEnrolment(origin, first, { token: mine, key })).toMatchObject({ status: 200 });
    expect(await endEnrolment(origin, first, { token: mine, key })).toMatchObject({
      code: 'exchange_unknown',
    });
  });

  it('takes a minute at most', async () => {
    const mine = await token();
    const exchange = await beginEnrolment(origin, mine);
    clock.advance(61_000);
    expect(await endEnrolment(origin, exchange, { token: mine, key: newKey() })).toMatchObject({
      code: 'exchange_unknown',
    });
  });

  it('with a body past the bound is refused before it is read', async () => {
    const url = new URL('/agent/v1/enrol', origin);
    const answer = (headers: Record<string, string>, body: Buffer | undefined) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(
          url,
          { method: 'POST', headers: { 'stoa-exchange': 'x', ...headers } },
          (response) => {
            response.resume();
            resolve(response.statusCode!);
          },
        );
        sent.on('error', reject);
        if (body === undefined) sent.flushHeaders();
        else sent.end(body);
      });
    expect(await answer({ 'content-length': '9999999' }, undefined)).toBe(413);
    expect(await answer({ 'transfer-encoding': 'chunked' }, Buffer.alloc(LIMITS.preAuthBytes + 1))).toBe(413);
  });

  it('is refused where too many come from one network within a minute', async () => {
    clock.advance(60_000);
    const mine = await token();
    const attempts = Array.from({ length: 130 }, () =>
      beginEnrolment(origin, mine).then(
        () => 200,
        (error: Error) => Number(/no challenge: (\d+)/.exec(error.message)?.[1]),
      ),
    );
    const statuses = await Promise.all(attempts);
    expect(statuses.filter((status) => status === 200).length).toBe(120);
    expect(statuses.filter((status) => status === 429).length).toBe(10);
    clock.advance(60_000);
    const key = newKey();
    expect(await enrolOverHttp(origin, { token: await token(), key })).toMatchObject({ status: 200 });
    expect(await world.hub.registry.ownerOf(nodeIdOf(key).hex)).toBe('a@example.org');
  });
});
