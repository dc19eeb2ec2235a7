/** A node's key is rotated by a bare agent, step by step: every answer may be lost, and the hub restarts in between. */
import { NodeKeys } from '@stoa/hub/nodes';
import { CONTEXT, nodeCertKind, peek, rotationKind, type SigningKey, seal, signIn } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestHub } from './kit/hub.ts';
import { HubSite } from './kit/hub-site.ts';
import { until } from './kit/until.ts';
import { random, WireAgent, type WireIdentity } from './kit/wire-agent.ts';

const HOUR = 3_600_000;

let site: HubSite;
let world: TestHub;

beforeAll(async () => {
  site = await HubSite.open();
  world = await site.start();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

type Node = WireIdentity & { nodeId: string };

async function restart(): Promise<void> {
  await world[Symbol.asyncDispose]();
  world = await site.start();
}

function connect(node: WireIdentity): Promise<WireAgent> {
  return new WireAgent(world.hub.url.origin, node).connect();
}

function newKey(): SigningKey {
  return nodeCrypto.signingKey(random(32));
}

/** Signed by both keys. */
function wishFor(node: Node, next: SigningKey, keyGeneration = 1) {
  const body = { nodeId: node.id, newPublicKey: next.publicKey, keyGeneration, at: site.clock.now() };
  const sealed = seal(rotationKind, body, node.key);
  return { sealed, proof: signIn(CONTEXT.rotate, next, sealed) };
}

/** The node with its next key, as far as the hub has accepted it. What both hold of the ratchet stays one's own. */
async function offer(node: Node, next = newKey()): Promise<Node> {
  const agent = await connect(node);
  agent.send('keyRotate', wishFor(node, next));
  const { credential } = await agent.expect('keyAccepted');
  await agent.close();
  return { ...node, key: next, credential };
}

async function registered({ nodeId }: Node) {
  const [row] = await site.database.sql<
    {
      public_key: Uint8Array;
      candidate_key: Uint8Array | null;
      previous_key: Uint8Array | null;
      key_generation: number;
    }[]
  >`select public_key, candidate_key, previous_key, key_generation from nodes where node_id = ${nodeId}`;
  const name = (bytes: Uint8Array | null) =>
    bytes === null ? undefined : Buffer.from(bytes).toString('hex');
  return {
    key: name(row!.public_key),
    candidate: name(row!.candidate_key),
    previous: name(row!.previous_key),
    generation: row!.key_generation,
  };
}

/** Keys of a node that changed its own, each with until when it is good, in hours from now; none: it is in force. */
async function keysOf({ nodeId }: Node) {
  const hours = (at: number | undefined) =>
    at === undefined ? undefined : Math.round((at - site.clock.now()) / HOUR) + 0;
  return (await new NodeKeys(site.database.sql).of(nodeId)).map(({ publicKey, credential, until: end }) => ({
    key: Buffer.from(publicKey).toString('hex'),
    ...{ isProven: credential !== undefined, until: hours(end) },
  }));
}

const hex = ({ key }: WireIdentity) => Buffer.from(key.publicKey).toString('hex');

async function kindsOf({ nodeId }: Node): Promise<string[]> {
  return (await site.eventsOf(nodeId)).map(({ kind }) => kind);
}

describe('a key rotation', () => {
  it('is offered, certified and committed by the first session on the new key, over restarts between all steps', async () => {
    const old = await world.enrol();
    const next = await offer(old);
    expect(peek(nodeCertKind, next.credential.node)).toMatchObject({ nodeId: old.id, keyGeneration: 1 });
    expect(await registered(old)).toMatchObject({ key: hex(old), candidate: hex(next), generation: 0 });
    await restart();
    const agent = await connect(next);
    expect(await registered(old)).toEqual({
      key: hex(next),
      candidate: undefined,
      previous: hex(old),
      generation: 1,
    });
    expect(await keysOf(old)).toEqual([
      { key: hex(old), isProven: false, until: 72 },
      { key: hex(next), isProven: true, until: undefined },
    ]);
    await until('it told', async () => (await kindsOf(old)).includes('key-rotated'));
    await agent.close();
    await restart();
    await (await connect(next)).close();
    expect(await kindsOf(old)).not.toContain('old-key-used');
  });

  it('whose answer was lost leaves the old key in force, and is answered alike when it is asked for again', async () => {
    const old = await world.enrol();
    const key = newKey();
    const agent = await connect(old);
    agent.send('keyRotate', wishFor(old, key));
    await until('the candidate', async () => (await registered(old)).candidate !== undefined);
    agent.socket.terminate();
    await restart();
    // The old key is in force as if nothing had been asked.
    const next = await offer(old, key);
    expect(await registered(old)).toMatchObject({ key: hex(old), candidate: hex(next), generation: 0 });
    await (await connect(next)).close();
    expect(await registered(old)).toMatchObject({ key: hex(next), generation: 1 });
    expect(await kindsOf(old)).not.toContain('old-key-used');
  });

  it.each([
    [
      'the new key did not sign',
      (node: Node, next: SigningKey) => ({ ...wishFor(node, next), proof: random(64) }),
    ],
    ['another key signed', (node: Node, next: SigningKey) => wishFor({ ...node, key: newKey() }, next)],
    ['is that of another node', (node: Node, next: SigningKey) => wishFor({ ...node, id: random(32) }, next)],
  ])('that %s ends the session and changes nothing', async (_what, wish) => {
    const node = await world.enrol();
    const agent = await connect(node);
    agent.send('keyRotate', wish(node, newKey()));
    expect((await agent.closed).code).toBeGreaterThanOrEqual(4000);
    expect(await registered(node)).toMatchObject({ key: hex(node), candidate: undefined, generation: 0 });
    await (await connect(node)).close();
  });

  it('of a generation that is not the next is refused in words, and the session goes on', async () => {
    const node = await world.enrol();
    const agent = await connect(node);
    agent.send('keyRotate', wishFor(node, newKey(), 7));
    expect((await agent.expect('error')).message).not.toBe('');
    agent.send('ping', { intervalMs: 20_000 });
    await agent.expect('pong');
    expect(await registered(node)).toMatchObject({ candidate: undefined });
    await agent.close();
  });
});

describe('the old key after a rotation', () => {
  it('with a ratchet that holds cancels it, and names both holders; the new key is worth nothing then', async () => {
    const old = await world.enrol();
    const next = await offer(old);
    await (await connect(next)).close();
    await restart();
    // Whoever has the old key has followed the node's sessions too: the owner must settle which of them is the node.
    const back = await connect({ ...old, ratchet: next.ratchet });
    expect(await registered(old)).toEqual({
      key: hex(old),
      candidate: undefined,
      previous: undefined,
      generation: 0,
    });
    expect(await keysOf(old)).toEqual([
      { key: hex(old), isProven: false, until: undefined },
      { key: hex(next), isProven: true, until: 0 },
    ]);
    await until('the alarm', async () => (await kindsOf(old)).includes('old-key-used'));
    const [row] = await site.database.sql`select disputed_at from nodes where node_id = ${old.nodeId}`;
    expect(row!['disputed_at']).not.toBeNull();
    await back.close();
    await restart();
    await expect(connect(next)).rejects.toThrow();
    expect(await registered(old)).toMatchObject({ key: hex(old), generation: 0 });
  });

  it('without one is a stale copy: the rotation stands', async () => {
    const old = await world.enrol();
    const copy = { ...old };
    const next = await offer(old);
    for (let sessions = 0; sessions < 3; sessions += 1) await (await connect(next)).close();
    await expect(connect(copy)).rejects.toThrow();
    expect(await registered(old)).toMatchObject({ key: hex(next), previous: hex(old), generation: 1 });
    await until('the copy named', async () => (await kindsOf(old)).includes('stale-copy'));
  });

  it('is worth nothing after 72 hours, whatever it proves', async () => {
    const old = await world.enrol();
    const next = await offer(old);
    await (await connect(next)).close();
    site.clock.advance(72 * HOUR + 1);
    await restart();
    await expect(connect({ ...old, ratchet: next.ratchet })).rejects.toThrow();
    await (await connect(next)).close();
    expect(await registered(old)).toMatchObject({ key: hex(next), generation: 1 });
  });
});
