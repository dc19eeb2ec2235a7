import { CAPABILITY, type DialBack, type DialBackReport, dialBackKind, seal, toHex } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { isPublicAddress } from '../../egress-addresses.ts';
import type { GatedSession } from '../../gateway/index.ts';
import { DialBackDesk, type SharedCertificate } from './dial-back-desk.ts';
import { DialBackStore } from './dial-back-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CERTIFICATE = 'c'.repeat(43);

/** A node with a session, and what the hub asked it to look at. */
class Peer {
  static #count = 0;
  readonly asked: DialBack[] = [];
  readonly key = nodeCrypto.signingKey(nodeCrypto.hash(new Uint8Array([Peer.#next()])));
  readonly id = nodeCrypto.hash(this.key.publicKey);
  readonly session: GatedSession;

  constructor(owner: string, address: string, capabilities: number = CAPABILITY.dialBack) {
    this.session = {
      node: {
        ...{ nodeId: toHex(this.id), owner, site: address.split('.').slice(0, 3).join('.') },
        tipHash: () => undefined,
        reportedTips: () => [],
      },
      facts: {
        ...{ epoch: 1, sessionId: '', bootId: '', address, quarantined: false, pingMs: 1, capabilities },
      },
      send: (name, value) => {
        expect(name).toBe('dialBack');
        this.asked.push(value as DialBack);
      },
    };
  }

  static #next(): number {
    Peer.#count += 1;
    return Peer.#count;
  }

  get nodeId(): string {
    return this.session.node.nodeId;
  }

  report(changes: Partial<DialBackReport> = {}): Uint8Array {
    const { nonce, target, host, port } = this.asked.at(-1)!;
    const seen = { outcome: 'answered', fingerprint: CERTIFICATE, height: 9, tookMs: 5 } as const;
    return seal(dialBackKind, { nonce, target, host, port, dialler: this.id, ...seen, ...changes }, this.key);
  }
}

class CountedStore extends DialBackStore {
  readonly #onQuery: () => void;

  constructor(sql: DbAdapter['sql'], onQuery: () => void) {
    super(sql);
    this.#onQuery = onQuery;
  }

  override keysOf(nodeId: string, now: Date): Promise<Uint8Array[]> {
    this.#onQuery();
    return super.keysOf(nodeId, now);
  }
}

describe('gate 7', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let now: number;
  let served: Map<string, number>;
  /** Bits of the gates that nodes fail; all pass that are not named. */
  let failing: Map<string, number | undefined>;
  let shared: SharedCertificate[];
  let desk: DialBackDesk;
  /** Looks for a node's keys. */
  let queries: number;
  let target: Peer;
  const description = { p2pFingerprint: CERTIFICATE, p2pPort: 1_789, chainwebNetwork: 'stoa' };

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate dial_backs, p2p_certificates, nodes cascade`;
    now = Date.UTC(2026, 5, 1);
    served = new Map();
    failing = new Map();
    shared = [];
    desk = new DialBackDesk({
      store: new CountedStore(database.sql, () => {
        queries += 1;
      }),
      onServed: (nodeId, until) => served.set(nodeId, until),
      failing: (nodeId) => (failing.has(nodeId) ? failing.get(nodeId) : 0),
      allows: isPublicAddress,
      mostPerAddress: 2,
      onShared: async (one) => {
        shared.push(one);
      },
      clock: { now: () => now, after: () => () => undefined },
      random: seededRandom('dial-backs'),
      crypto: nodeCrypto,
    });
    target = await join('owner', '5.6.7.8', 0);
  });

  async function join(owner: string, address: string, capabilities?: number): Promise<Peer> {
    const peer = new Peer(owner, address, capabilities);
    await database.sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${peer.nodeId}, ${peer.nodeId.slice(0, 8)}, ${owner}, 'eu', ${peer.key.publicKey}, ${new Uint8Array(1)},
        ${new Date(now)})`;
    desk.opened(peer.session);
    return peer;
  }

  function describeNode(peer: Peer, changes = {}): void {
    desk.described(peer.session, { ...description, ...changes } as never);
  }

  function pass(ms: number): void {
    now += ms;
    desk.tick();
  }

  it('is passed by the word of a stranger, at the address of the session, for six hours', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    describeNode(target);
    pass(0);
    expect(stranger.asked).toMatchObject([
      { target: target.id, host: '5.6.7.8', port: 1_789, network: 'stoa' },
    ]);
    await desk.result(stranger.session, stranger.report());
    expect(served).toEqual(new Map([[target.nodeId, now + 6 * HOUR]]));
    for (let i = 0; i < 4 * 60; i += 1) pass(MINUTE);
    expect(stranger.asked.length).toBeGreaterThan(1);
    const [row] =
      await database.sql`select verdict, dialler, host from dial_backs where node_id = ${target.nodeId}`;
    expect(row).toEqual({ verdict: 'answered', dialler: stranger.nodeId, host: '5.6.7.8' });
  });

  it('asks nobody of the same owner or network, who is quarantined, or who does not allow it', async () => {
    const others = [
      await join('owner', '9.9.9.9'),
      await join('stranger', '5.6.7.99'),
      await join('unwilling', '9.9.8.8', 0),
    ];
    describeNode(target);
    for (let i = 0; i < 5; i += 1) pass(MINUTE);
    expect(others.flatMap(({ asked }) => asked)).toEqual([]);
  });

  it('sends nobody to an address that is not public', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    for (const address of ['10.0.0.1', '127.0.0.1', '169.254.169.254', '100.64.1.1', 'fd00::1']) {
      const hidden = await join('owner', address);
      describeNode(hidden);
    }
    pass(MINUTE);
    expect(stranger.asked).toEqual([]);
  });

  it('asks of one agent six looks a minute at most', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    for (let i = 0; i < 12; i += 1) describeNode(await join(`owner ${i}`, `5.${i}.7.8`, 0));
    pass(0);
    pass(1_000);
    expect(stranger.asked).toHaveLength(6);
    pass(MINUTE);
    expect(stranger.asked).toHaveLength(12);
  });

  it('is looked at once a minute, and ten after it failed, whatever it says and however often it comes', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    let looks = 0;
    const pretend = (count: number) => {
      for (let i = 0; i < count; i += 1) {
        looks += 1;
        desk.ended(target.session);
        desk.opened(target.session);
        for (const name of ['x', 'y'])
          describeNode(target, { p2pFingerprint: `${looks}${name}`.padEnd(43, 'z'), p2pPort: 1_024 + looks });
        pass(5_000);
      }
    };
    pretend(12);
    expect(stranger.asked).toHaveLength(1);
    pretend(1);
    expect(stranger.asked).toHaveLength(2);
    await desk.result(stranger.session, stranger.report());
    pretend(119);
    expect(stranger.asked).toHaveLength(2);
    pretend(1);
    expect(stranger.asked).toHaveLength(3);
  });

  /** Whoever is asked next says this. */
  async function told(strangers: readonly Peer[], seen: Partial<DialBackReport>, afterMs = MINUTE) {
    const before = new Map(strangers.map((one) => [one, one.asked.length]));
    pass(afterMs);
    const stranger = strangers.find((one) => one.asked.length > before.get(one)!);
    if (stranger === undefined) return undefined;
    await desk.result(stranger.session, stranger.report(seen));
    return stranger;
  }

  const NOTHING = { outcome: 'unreachable', fingerprint: '' } as const;
  const OTHER = { fingerprint: 'd'.repeat(43) };

  it.each([
    ['find nothing', NOTHING],
    ['are shown another certificate', OTHER],
  ] as const)('is closed by strangers of two owners who %s, not by two nodes of one', async (_what, seen) => {
    const strangers = [
      await join('one', '9.9.9.9'),
      await join('one', '9.9.8.9'),
      await join('two', '8.8.8.8'),
    ];
    describeNode(target);
    const first = await told(strangers, seen, 0);
    expect([first, served]).not.toContain(undefined);
    expect(served).toEqual(new Map());
    const second = await told(strangers, seen);
    expect(second?.session.node.owner).not.toBe(first?.session.node.owner);
    expect(served).toEqual(new Map([[target.nodeId, 0]]));
  });

  it('is opened again by strangers of two owners, also after a restart', async () => {
    const strangers = [await join('one', '9.9.9.9'), await join('two', '8.8.8.8')];
    describeNode(target);
    await told(strangers, NOTHING, 0);
    await told(strangers, NOTHING);
    served.clear();
    await desk.follow(0, [target.nodeId]);
    served.clear();
    expect(await told(strangers, {}, 10 * MINUTE)).toBeDefined();
    expect(served).toEqual(new Map());
    expect(await told(strangers, {})).toBeDefined();
    expect(served).toEqual(new Map([[target.nodeId, now + 6 * HOUR]]));
  });

  it('is looked at again soon where a single stranger opened it', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    describeNode(target);
    await told([stranger], {}, 0);
    expect(await told([stranger], {}, 13 * MINUTE)).toBeDefined();
    expect(await told([stranger], {}, HOUR)).toBeUndefined();
  });

  it.each([
    ['another certificate', { fingerprint: 'd'.repeat(43) }, 'other-certificate'],
    ['something else', { outcome: 'not-chainweb', fingerprint: '' }, 'not-chainweb'],
  ] as const)('is not passed where %s answers', async (_what, seen, verdict) => {
    const stranger = await join('stranger', '9.9.9.9');
    describeNode(target);
    pass(0);
    await desk.result(stranger.session, stranger.report(seen));
    const [row] = await database.sql`select verdict from dial_backs where node_id = ${target.nodeId}`;
    expect([row, served.get(target.nodeId) ?? 0]).toEqual([{ verdict }, 0]);
  });

  it('is passed by one node alone with a certificate', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    const copycat = await join('copycat', '7.7.7.7', 0);
    describeNode(target);
    pass(0);
    await desk.result(stranger.session, stranger.report());
    describeNode(copycat);
    pass(MINUTE);
    expect(stranger.asked.at(-1)).toMatchObject({ target: copycat.id });
    await desk.result(stranger.session, stranger.report());
    expect(served).toEqual(
      new Map([
        [target.nodeId, now - MINUTE + 6 * HOUR],
        [copycat.nodeId, 0],
      ]),
    );
    expect(shared).toMatchObject([
      { fingerprint: CERTIFICATE, holder: target.nodeId, rival: copycat.nodeId, host: '7.7.7.7' },
    ]);
  });

  it.each([
    ['its pass is over', 'copycat', 3 * 24 * HOUR, 'shared-certificate'],
    ['it has not answered for a week', 'copycat', 8 * 24 * HOUR, 'answered'],
    ['its owner has a new node for it', 'owner', 7 * HOUR, 'answered'],
    ['its owner has two', 'owner', 4 * HOUR, 'shared-certificate'],
  ] as const)('keeps the certificate of who was first: %s', async (_what, owner, later, verdict) => {
    const stranger = await join('stranger', '9.9.9.9');
    describeNode(target);
    await told([stranger], {}, 0);
    desk.ended(target.session);
    const other = await join(owner, '7.7.7.7', 0);
    describeNode(other);
    await told([stranger], {}, later);
    const [row] = await database.sql`select verdict from dial_backs where node_id = ${other.nodeId}`;
    expect(row).toEqual({ verdict });
  });

  it('is passed by so many nodes of an address alone', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    const crowd = [await join('owner', '7.7.7.7', 0), await join('owner', '7.7.7.7', 0)];
    crowd.push(await join('owner', '7.7.7.7', 0));
    for (const [i, peer] of crowd.entries()) {
      const fingerprint = String(i).repeat(43);
      describeNode(peer, { p2pFingerprint: fingerprint, p2pPort: 1_789 + i });
      await told([stranger], { fingerprint });
    }
    expect(crowd.map(({ nodeId }) => served.get(nodeId) !== 0)).toEqual([true, true, false]);
    // What the crowd showed is not claimed: who has it comes yet.
    const claimed = await database.sql`select left(fingerprint, 1) as of from p2p_certificates order by 1`;
    expect(claimed.map((row) => row['of'])).toEqual(['0', '1']);
  });

  it('believes nobody who does not pass the gates, but for what takes a day while few do', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    const beginner = await join('beginner', '8.8.8.8');
    const [tip, warmUp, serving] = [1 << 2, 1 << 3, 1 << 6];
    failing.set(stranger.nodeId, tip);
    failing.set(beginner.nodeId, undefined);
    describeNode(target);
    pass(0);
    pass(MINUTE);
    expect([stranger.asked, beginner.asked]).toEqual([[], []]);
    failing.set(beginner.nodeId, warmUp | serving);
    pass(MINUTE);
    expect(beginner.asked).toHaveLength(1);
    for (let i = 0; i < 5; i += 1) await join('some', `9.${i}.9.9`);
    for (let i = 0; i < 50; i += 1) pass(MINUTE);
    expect([stranger.asked.length, beginner.asked.length]).toEqual([0, 1]);
  });

  it('draws an owner of one network as often as another, however many agents he has there', async () => {
    const one = await join('one', '9.9.9.9');
    const many = await Promise.all(Array.from({ length: 20 }, () => join('many', '8.8.8.8')));
    describeNode(target);
    for (let i = 0; i < 400; i += 1) pass(MINUTE);
    const asked = many.reduce((sum, { asked: looks }) => sum + looks.length, 0);
    expect(Math.abs(one.asked.length - 200)).toBeLessThan(50);
    expect(asked + one.asked.length).toBe(400);
  });

  it('believes no report that was not asked for, is of somebody else, or is about something else', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    const other = await join('other', '8.8.8.8', 0);
    describeNode(target);
    pass(0);
    const unasked = stranger.report({ nonce: new Uint8Array(16) });
    const sealed = stranger.report();
    queries = 0;
    await desk.result(stranger.session, unasked);
    await expect(desk.result(other.session, sealed)).rejects.toMatchObject({ code: 'malformed' });
    expect(queries).toBe(0);
    const forged = seal(
      dialBackKind,
      { ...{ nonce: stranger.asked[0]!.nonce, target: target.id, dialler: stranger.id }, ...SIGHT },
      other.key,
    );
    await expect(desk.result(stranger.session, forged)).rejects.toMatchObject({ code: 'bad_signature' });
    // A question takes one answer.
    await desk.result(stranger.session, sealed);
    pass(MINUTE);
    await expect(desk.result(stranger.session, stranger.report({ host: '1.2.3.4' }))).rejects.toMatchObject({
      code: 'malformed',
    });
    expect(served).toEqual(new Map());
    pass(MINUTE);
    const heard = stranger.report();
    await Promise.all([desk.result(stranger.session, heard), desk.result(stranger.session, heard)]);
    expect(served.size).toBe(1);
  });

  it('is known again after a restart', async () => {
    const stranger = await join('stranger', '9.9.9.9');
    describeNode(target);
    pass(0);
    await desk.result(stranger.session, stranger.report());
    const until = served.get(target.nodeId);
    served.clear();
    await desk.follow(0, [target.nodeId]);
    expect(served).toEqual(new Map([[target.nodeId, until]]));
  });
});

const SIGHT = {
  ...{ host: '5.6.7.8', port: 1_789, outcome: 'answered', fingerprint: CERTIFICATE },
  ...{ height: 1, tookMs: 1 },
} as const;
