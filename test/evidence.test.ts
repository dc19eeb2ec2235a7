/** Checkpoints and receipts by a bare agent: whatever is lost or comes twice, both sides keep one word about an hour. */
import { accountIdOf, ChoiceStore } from '@stoa/hub/payouts';
import {
  type AgentParty,
  CAPABILITY,
  type Checkpoint,
  checkpointKind,
  type Decoded,
  decode,
  encode,
  HUB_FRAMES,
  open,
  openProvenReceipt,
  type ProvenReceipt,
  provenReceipt,
  type Receipt,
  receiptKind,
  type SigningKey,
  seal,
  toHex,
  verifyHubChain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { DocumentIndex, SEED_BASELINES, serverScore, verifyHour, wordPoints } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quietHeartbeat } from './kit/heartbeat.ts';
import type { TestHub } from './kit/hub.ts';
import { HubSite } from './kit/hub-site.ts';
import { until } from './kit/until.ts';
import { random, WireAgent, type WireIdentity } from './kit/wire-agent.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Node = WireIdentity & { nodeId: string };
type SealedReceipt = Decoded<(typeof HUB_FRAMES)['receipt']>;

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

async function restart(): Promise<void> {
  await world[Symbol.asyncDispose]();
  world = await site.start();
}

function connect(node: Node, at = world, change: Partial<AgentParty> = {}): Promise<WireAgent> {
  return new WireAgent(at.hub.url.origin, node).connect(change);
}

/** The next time that a clock shows so many minutes past the hour. @returns the hour. */
function comeTo(minute: number): number {
  const now = site.clock.now();
  const past = (now - minute * MINUTE) % HOUR;
  site.clock.advance(HOUR - past);
  return Math.floor(site.clock.now() / HOUR);
}

/** A session in which one heartbeat is acknowledged, now. */
async function heard(node: Node, at = world): Promise<void> {
  const agent = await connect(node, at);
  agent.send('heartbeat', quietHeartbeat({ sentAt: site.clock.now() }));
  await agent.expect('heartbeatAck');
  await agent.close();
}

const bits = (...minutes: number[]) => minutes.reduce((word, minute) => word | (1n << BigInt(minute)), 0n);

function checkpoint(
  node: Node,
  change: Partial<Checkpoint> & Pick<Checkpoint, 'hubHour' | 'minutes'>,
  key: SigningKey = node.key,
): Uint8Array {
  const body = {
    nodeId: node.id,
    sessionIds: [],
    tipsDigest: random(32),
    inputsDigest: random(32),
    bootId: node.bootId,
    uptimeMs: HOUR,
    number: 1,
    previous: new Uint8Array(32),
    ...change,
  };
  return seal(checkpointKind, body, key);
}

/** Checked from the root down, as the node checks it. */
function read({ sealed, region, instance }: SealedReceipt, { credential, rootFingerprint }: Node): Receipt {
  const policy = {
    rootFingerprint,
    region: 'local',
    timeFloor: site.clock.now() - 2 * HOUR,
    minInstanceSerial: 0,
  };
  const hub = verifyHubChain({ root: credential.root, region, instance }, policy, nodeCrypto);
  return open(receiptKind, sealed, nodeCrypto, hub.instance.publicKey);
}

async function receiptsOf({ nodeId }: Node): Promise<SealedReceipt[]> {
  const rows = await site.database.sql<{ bytes: Uint8Array }[]>`
    select bytes from receipts where node_id = ${nodeId} order by hub_hour, revision`;
  return rows.map(({ bytes }) => decode(HUB_FRAMES.receipt, bytes));
}

/** An hour with one acknowledged minute, over. */
async function hourOf(node: Node): Promise<{ hubHour: number; minutes: bigint }> {
  const hubHour = comeTo(10);
  await heard(node);
  comeTo(2);
  return { hubHour, minutes: bits(10) };
}

describe('a receipt', () => {
  it('signs the minutes that both know of, and names the checkpoint that it answers', async () => {
    const node = await world.enrol();
    const hubHour = comeTo(10);
    await heard(node);
    site.clock.advance(5 * MINUTE);
    await heard(node);
    comeTo(2);
    const agent = await connect(node);
    const sealed = checkpoint(node, { hubHour, minutes: bits(10, 20) });
    agent.send('checkpoint', { sealed });
    const receipt = read(await agent.expect('receipt'), node);
    expect(receipt).toMatchObject({ hubHour, minutes: bits(10), nodeId: node.id, revision: 0 });
    expect(receipt.checkpoint).toEqual(nodeCrypto.hash(sealed));
    await agent.close();
  });

  it('names the account and the score that the hour counts by, as they stood when it began', async () => {
    const node = await world.enrol({ owner: 'ann@example.org' });
    const { sql } = site.database;
    const store = new ChoiceStore({ sql, crypto: nodeCrypto, random });
    const account = `k:${'5f'.repeat(32)}`;
    const { hubHour, minutes } = await hourOf(node);
    for (const [named, fromHour] of [
      [account, hubHour],
      [undefined, hubHour + 1],
    ] as const)
      await store.choose({ owner: 'ann@example.org' }, { account: named, fromHour, setBy: 'ann', setAt: 0 });
    const agent = await connect(node);
    agent.send('checkpoint', { sealed: checkpoint(node, { hubHour, minutes }) });
    expect(read(await agent.expect('receipt'), node)).toMatchObject({
      account: accountIdOf(account, nodeCrypto),
      scoreVersion: 0,
    });
    await agent.close();
  });

  it('counts a minute once, whichever instances of the region acknowledged it', async () => {
    await using other = await site.start('hub-2');
    const node = await world.enrol();
    const hubHour = comeTo(30);
    await heard(node);
    await heard(node, other);
    site.clock.advance(MINUTE);
    await heard(node, other);
    comeTo(2);
    const agent = await connect(node, other);
    agent.send('checkpoint', { sealed: checkpoint(node, { hubHour, minutes: bits(29, 30, 31) }) });
    expect(read(await agent.expect('receipt'), node).minutes).toBe(bits(30, 31));
    await agent.close();
  });
});

describe('a receipt that was lost', () => {
  it('is the same after a restart and from another instance, however often it is asked for', async () => {
    const node = await world.enrol();
    const sealed = checkpoint(node, await hourOf(node));
    const lost = await connect(node);
    lost.socket.pause();
    lost.send('checkpoint', { sealed });
    await until('it stored', async () => (await receiptsOf(node)).length === 1);
    lost.socket.terminate();
    const [stored] = await receiptsOf(node);
    await restart();
    await using other = await site.start('hub-2');
    for (const at of [world, other, world]) {
      const agent = await connect(node, at);
      for (let times = 0; times < 2; times += 1) {
        agent.send('checkpoint', { sealed });
        expect(await agent.expect('receipt')).toEqual(stored);
      }
      await agent.close();
    }
    expect(await receiptsOf(node)).toEqual([stored]);
    expect(read(stored!, node).checkpoint).toEqual(nodeCrypto.hash(sealed));
  });

  it('of two checkpoints in the same moment is one: the first word about an hour stays', async () => {
    const node = await world.enrol();
    const hour = await hourOf(node);
    const agent = await connect(node);
    const words = [checkpoint(node, hour), checkpoint(node, { ...hour, minutes: 0n })];
    for (const sealed of words) agent.send('checkpoint', { sealed });
    const receipts = [await agent.expect('receipt'), await agent.expect('receipt')];
    expect(receipts[1]).toEqual(receipts[0]);
    await restart();
    const again = await connect(node);
    again.send('checkpoint', { sealed: words[1]! });
    expect(await again.expect('receipt')).toEqual(receipts[0]);
    expect(read(receipts[0]!, node).minutes).toBe(hour.minutes);
    await again.close();
  });

  it('since the database was away is there once that is back, and not before', async () => {
    const node = await world.enrol();
    const sealed = checkpoint(node, await hourOf(node));
    const agent = await connect(node);
    await site.postgres.stop();
    const from = world.log.length;
    agent.send('checkpoint', { sealed });
    await until('it failed', () => world.log.slice(from).some((line) => line.includes('checkpoint frame')));
    await site.postgres.start();
    // Nobody has ended the session: what has no answer is said again.
    agent.send('checkpoint', { sealed });
    const receipt = await agent.expect('receipt');
    expect(read(receipt, node)).toMatchObject({ minutes: bits(10) });
    expect(await receiptsOf(node)).toEqual([receipt]);
    await agent.close();
  });
});

describe('what an hour was paid', () => {
  /** Whom the hour is paid to and by what. */
  async function endow(owner: string, node: Node, hubHour: number): Promise<Uint8Array> {
    const { sql } = site.database;
    const store = new ChoiceStore({ sql, crypto: nodeCrypto, random });
    const account = `k:${'6e'.repeat(32)}`;
    await store.choose({ owner }, { account, fromHour: hubHour, setBy: 'ann', setAt: 0 });
    const measured = { cpuSingle: { value: 5_000_000 } };
    const { micro, parts } = serverScore(measured, SEED_BASELINES, 'vps');
    const rows = parts.map(({ value = null, note = null, ...part }) => ({ ...part, value, note }));
    const ran = { jobId: '00000000-0000-4000-8000-000000000001', attempt: 1 };
    const terms = { ...ran, baselineVersion: 0, hwType: 'vps', limits: 'policy', committedGb: 0 };
    const breakdown = new TextEncoder().encode(JSON.stringify({ ...terms, micro, parts: rows }));
    await sql`insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt,
        baseline_version, committed_gb, hash, at)
      values (${node.nodeId}, 1, ${hubHour}, ${micro}, ${micro}, 'benchmark', gen_random_uuid(), 1, 0, 0,
        ${Buffer.from(nodeCrypto.hash(breakdown))}, now())`;
    return breakdown;
  }

  /** One acknowledged minute that was judged, by the instance whose session it was. */
  async function judged(node: Node, minute: number): Promise<Uint8Array> {
    const agent = await connect(node);
    agent.send('heartbeat', quietHeartbeat({ sentAt: site.clock.now() }));
    await agent.expect('heartbeatAck');
    const { sessionId } = agent.welcome!;
    await site.database.sql`insert into gate_words
        (hub_hour, node_id, epoch, instance_id, session_id, boot_id, judged, failures)
      values (${Math.floor(site.clock.now() / HOUR)}, ${node.nodeId}, ${agent.welcome!.epoch}, 'hub-1',
        ${toHex(sessionId)}, ${toHex(node.bootId)}, ${String(bits(minute))}, '')
      on conflict (hub_hour, node_id, epoch, instance_id) do update set judged = excluded.judged, failures = ''`;
    await agent.close();
    return sessionId;
  }

  /** The hour is closed, or read again, and what was settled is sealed. */
  async function settle(): Promise<void> {
    for (const task of ['hour-roots', 'ledger-close', 'receipt-sealer']) await world.hub.tickers.run(task);
  }

  async function wanted(node: Node, after: number, count: number): Promise<ProvenReceipt[]> {
    const agent = await connect(node, world, { capabilities: CAPABILITY.receipts });
    agent.send('receiptsWanted', { after });
    const got: ProvenReceipt[] = [];
    while (got.length < count) got.push(await agent.expect('settledReceipt'));
    await agent.close();
    return got;
  }

  it('is told to each node with its path to a signed root; a word that comes later is one revision of its node', async () => {
    const [one, two] = [
      await world.enrol({ owner: 'bob@example.org' }),
      await world.enrol({ owner: 'bob@example.org' }),
    ];
    await world.hub.tickers.run('ledger-close');
    const hubHour = comeTo(10);
    const documents = [
      await endow('bob@example.org', one, hubHour),
      await endow('bob@example.org', two, hubHour),
    ];
    const [first, second] = [await judged(one, 10), await judged(two, 10)];
    comeTo(2);
    const told = { hubHour, minutes: bits(10) };
    const sealed = checkpoint(one, { ...told, sessionIds: [first] });
    const agent = await connect(one);
    agent.send('checkpoint', { sealed });
    const answer = await agent.expect('receipt');
    await agent.close();
    comeTo(16);
    await settle();
    const [settled] = await wanted(one, 0, 1);
    const trust = { root: one.credential.root, region: 'local' };
    const findings = verifyHour(
      {
        ...{ hubHour, checkpoint: sealed, receipts: [encode(HUB_FRAMES.receipt, answer)] },
        settled: [encode(provenReceipt, settled!)],
      },
      {
        nodeId: one.id,
        nodeKeys: [one.key.publicKey],
        trust,
        documents: new DocumentIndex(documents, nodeCrypto),
      },
      nodeCrypto,
    );
    expect(findings.filter(({ what }) => what === 'differs')).toEqual([]);
    const matches = findings.filter(({ what, gate }) => what === 'match' && gate === undefined);
    expect(matches.map(({ subject }) => subject)).toEqual([
      'checkpoint',
      'receipt',
      'settled',
      'minutes',
      'score',
      'points',
    ]);
    const opened = openProvenReceipt(settled!, trust, nodeCrypto);
    expect(opened.receipt.points).toBe(wordPoints(bits(10), opened.receipt.microScore));
    expect(opened.receipt.points).toBeGreaterThan(0n);

    const late = await connect(two);
    late.send('checkpoint', { sealed: checkpoint(two, { ...told, sessionIds: [second] }) });
    await late.expect('receipt');
    await late.close();
    comeTo(16);
    await settle();
    const both = (await wanted(two, 0, 2)).map((proven) => openProvenReceipt(proven, trust, nodeCrypto));
    expect(
      both.map(({ receipt, root }) => [receipt.revision, receipt.minutes, root.pass, root.count]),
    ).toEqual([
      [0, 0n, 0, opened.root.count],
      [1, bits(10), 1, 1],
    ]);
    expect(both[1]!.root.previous).toEqual(nodeCrypto.hash(settled!.root));
    const paid = await site.database.sql<{ amount: string; revision: number }[]>`
      select amount::text as amount, revision from stoicism_events where node_id = ${two.nodeId} and hour = ${hubHour}`;
    expect(paid).toEqual([{ amount: String(both[1]!.receipt.points), revision: 1 }]);
  });

  it('is asked for by nobody whose session does not know of it', async () => {
    const node = await world.enrol();
    const agent = await connect(node);
    agent.send('receiptsWanted', { after: 0 });
    expect((await agent.closed).code).toBeGreaterThanOrEqual(4000);
  });
});

describe('a checkpoint', () => {
  it('of an hour that cannot be closed is refused in words, and the session goes on', async () => {
    const node = await world.enrol();
    const hour = comeTo(10);
    const agent = await connect(node);
    for (const [hubHour, retry] of [
      [hour, true],
      [hour + 9, true],
      [hour - 25, false],
    ] as const) {
      agent.send('checkpoint', { sealed: checkpoint(node, { hubHour, minutes: bits(1) }) });
      expect(await agent.expect('error')).toMatchObject({ code: 'hour_not_open', retry });
    }
    // Nothing was acknowledged then, and that is what both sign.
    agent.send('checkpoint', { sealed: checkpoint(node, { hubHour: hour - 24, minutes: bits(1) }) });
    expect(read(await agent.expect('receipt'), node).minutes).toBe(0n);
    await agent.close();
  });

  it.each([
    ['signed by another key', (node: Node) => ({ node, key: nodeCrypto.signingKey(random(32)) })],
    ['about another node', (node: Node, other: Node) => ({ node: other, key: node.key })],
    ['of another node, signed by it', (_node: Node, other: Node) => ({ node: other, key: other.key })],
  ])('%s ends the session, and is stored for nobody', async (_what, by) => {
    const [mine, other] = [await world.enrol(), await world.enrol()];
    const hour = await hourOf(mine);
    const agent = await connect(mine);
    const { node, key } = by(mine, other);
    agent.send('checkpoint', { sealed: checkpoint(node, hour, key) });
    expect((await agent.closed).code).toBeGreaterThanOrEqual(4000);
    expect([...(await receiptsOf(mine)), ...(await receiptsOf(other))]).toEqual([]);
  });
});
