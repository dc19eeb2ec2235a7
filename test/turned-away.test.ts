/** A person turns a node away while it is in session, and takes it back. A bare agent, a real hub. */
import {
  CLOSE,
  type Decoded,
  decode,
  FRAME,
  HUB_FRAMES,
  open,
  readPlain,
  refuseKind,
  verifyRegionCert,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { sessionAt } from './kit/hub-site.ts';
import { PollAgent } from './kit/poll-agent.ts';
import { until } from './kit/until.ts';
import { WireAgent, type WireIdentity } from './kit/wire-agent.ts';

type Node = WireIdentity & { nodeId: string };
type Verdict = Decoded<(typeof HUB_FRAMES)['refuse']>;

let world: TestHub;
let origin: string;

beforeAll(async () => {
  world = await openTestHub();
  origin = world.hub.url.origin;
});
afterAll(() => world[Symbol.asyncDispose]());

const MARKS = ['refused_at', 'retired_at'] as const;

async function mark({ nodeId }: Node, column: (typeof MARKS)[number], at: Date | null): Promise<void> {
  const { sql } = world.database;
  await sql`update nodes set ${sql(column)} = ${at} where node_id = ${nodeId}`;
}

/** Marks the node, and lets the hub look. */
async function turnAway(node: Node, column: (typeof MARKS)[number]): Promise<void> {
  await mark(node, column, new Date());
  await world.hub.tickers.run('session-sweep');
}

/** Checked as the node checks it: by the region's authority, from the root down. */
function read({ sealed, authority }: Verdict, { credential, rootFingerprint }: Node) {
  const policy = { rootFingerprint, region: 'local', timeFloor: 0 };
  const signer = verifyRegionCert(
    { sealed: authority, root: credential.root, role: 'authority' },
    policy,
    nodeCrypto,
  );
  return open(refuseKind, sealed, nodeCrypto, signer.publicKey);
}

/** What a node that is turned away hears instead of a Welcome. */
async function refusedAtTheDoor(node: Node): Promise<Verdict> {
  const agent = new WireAgent(origin, node);
  const { hello } = await agent.prepare();
  agent.socket.send(hello);
  const { type, payload } = readPlain(await agent.next());
  expect(type).toBe(FRAME.refuse);
  expect(await agent.closed).toMatchObject({ code: CLOSE.refused });
  return decode(HUB_FRAMES.refuse, payload);
}

describe.each([
  ['refused', 'refused_at'],
  ['retired', 'retired_at'],
] as const)('a node that is %s', (reason, column) => {
  it('hears it from the region’s authority at once, and is out', async () => {
    const node = await world.enrol();
    const agent = await new WireAgent(origin, node).connect();
    await turnAway(node, column);
    const verdict = read(await agent.expect('refuse'), node);
    expect(verdict).toMatchObject({ nodeId: node.id, region: 'local', reason });
    expect(await agent.closed).toMatchObject({ code: CLOSE.refused });
    const over = async () => {
      const [row] = await world.database.sql`select ended_at from sessions where node_id = ${node.nodeId}`;
      return row!['ended_at'] !== null;
    };
    await until('its session over', over);
    expect(sessionAt(world, node.nodeId)).toBeUndefined();
  });

  it('hears the same at the door, signed once however often it knocks, and is welcome when that is lifted', async () => {
    const node = await world.enrol();
    const agent = await new WireAgent(origin, node).connect();
    await turnAway(node, column);
    const first = await agent.expect('refuse');
    await agent.closed;
    for (let knocks = 0; knocks < 3; knocks += 1) expect(await refusedAtTheDoor(node)).toEqual(first);
    await mark(node, column, null);
    const back = await new WireAgent(origin, node).connect();
    expect(back.welcome).toMatchObject({ quarantined: false });
    await back.close();
  });

  it('hears it by long-poll too', async () => {
    const node = await world.enrol();
    const agent = await PollAgent.connect(origin, node);
    await turnAway(node, column);
    expect(read(await agent.expect('refuse'), node).reason).toBe(reason);
    await expect(agent.poll()).rejects.toThrow(`closed with ${CLOSE.refused}`);
  });
});

it('others in session are not touched', async () => {
  const [node, neighbour] = [await world.enrol(), await world.enrol()];
  const [out, stays] = [
    await new WireAgent(origin, node).connect(),
    await new WireAgent(origin, neighbour).connect(),
  ];
  await turnAway(node, 'refused_at');
  await out.closed;
  stays.send('ping', { intervalMs: 20_000 });
  expect((await stays.expect('pong')).hubTime).toBeGreaterThan(0);
  await stays.close();
});
