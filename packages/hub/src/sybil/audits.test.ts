import { auditReportKind, fromHex, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { Log } from '../log.ts';
import type { Viewer } from '../viewer.ts';
import { AuditDesk } from './audit-desk.ts';
import { AuditExchange } from './audit-exchange.ts';
import { AuditedNode, type NodeTraits, PAYLOADS, random, StepClock } from './cluster-world.fixture.ts';
import { DisputeStore, isDisputed } from './dispute-store.ts';
import { DisputeDesk, Disputes } from './disputes.ts';
import type { AuditRound } from './round-store.ts';
import { RoundStore } from './round-store.ts';

const log = { warn: () => undefined } as unknown as Log;
const HOUR = 3_600_000;

describe('audits of a cluster', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let clock: StepClock;
  let desk: AuditDesk;
  let exchange: AuditExchange;
  let disputes: Disputes;
  let store: DisputeStore;
  let nodes: AuditedNode[];
  let rounds: AuditRound[];
  let fetched: number;
  let hashMs: number;
  let lookedUp = 0;

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate sybil_rounds, sybil_disputes, sybil_disputed_nodes, nodes cascade`;
    [clock, nodes, rounds, fetched, hashMs] = [new StepClock(), [], [], 0, 0];
    const roundStore = new RoundStore(database.sql);
    exchange = new AuditExchange({
      keysOf: async (nodeId) => {
        lookedUp += 1;
        return nodes.filter((one) => one.nodeId === nodeId).map(({ key }) => key.publicKey);
      },
      ...{ clock, random, monotonic: () => clock.time },
      crypto: {
        ...nodeCrypto,
        hash: (...parts) => {
          clock.time += hashMs;
          return nodeCrypto.hash(...parts);
        },
      },
    });
    store = new DisputeStore(database.sql);
    disputes = new Disputes({ store, rounds: roundStore, clock, random, log });
    desk = new AuditDesk({
      ...{ exchange, rounds: roundStore, instanceId: 'a', clock, random, log },
      pool: {
        refresh: async () => {
          fetched += 1;
        },
        draw: (count) => PAYLOADS.toSorted(() => random(1)[0]! - 128).slice(0, count),
      },
      onRound: (round) => {
        rounds.push(round);
        return disputes.audited(round);
      },
    });
  });

  function join(traits: NodeTraits): AuditedNode {
    const node = new AuditedNode(traits, { clock, exchange: () => exchange });
    nodes.push(node);
    desk.opened(node.session);
    return node;
  }

  /** As many acts as it takes to come to so many rounds, or so many acts. */
  async function audit(count: number, mostActs = 60): Promise<void> {
    for (let act = 0; act < mostActs && rounds.length < count; act += 1) {
      let isOver = false;
      desk.tick();
      void desk.underWay().then(() => {
        isOver = true;
      });
      while (!isOver) await clock.step();
      clock.time += rounds.length === 0 ? 30_000 : HOUR;
    }
  }

  const own = () => ({ freeAt: 0, msARead: 2 });

  it('asks each alone and then all at once, each for payloads of its own, and finds machines of their own apart', async () => {
    for (let i = 0; i < 6; i += 1) join({ machine: own(), rttMs: 10 + 30 * i, owner: `owner ${i}` });
    await audit(2);
    expect(rounds.map(({ pace }) => pace)).toEqual(['apart', 'apart']);
    const [{ cluster, answers }] = rounds as [AuditRound];
    expect(['address 5.6.7.8', 'network 5.6.7.0/24']).toContain(cluster);
    expect(answers).toHaveLength(6);
    for (const [i, answer] of answers.toSorted((a, b) => a.rttMs - b.rttMs).entries())
      expect(answer).toMatchObject({
        ...{ result: 'answered', rttMs: 10 + 30 * i, aloneMs: 96, togetherMs: 96, isLate: false },
        deadlineMs: 2 * (10 + 30 * i) + 4 * 96 + 250,
      });
    expect(await store.list(10)).toEqual([]);
  });

  it('disputes a cluster that answers one after another, by two rounds of it, and changes nothing else', async () => {
    const machine = own();
    for (let i = 0; i < 6; i += 1) join({ machine, owner: `owner ${i % 2}` });
    await audit(1);
    expect([rounds[0]!.pace, await store.list(10)]).toEqual(['in-turn', []]);
    await audit(14);
    const [dispute] = await store.list(10);
    const ids = nodes.map(({ nodeId }) => nodeId).sort();
    expect(dispute).toMatchObject({ kind: 'audit', isOpen: true });
    expect(dispute!.nodes.map(({ nodeId }) => nodeId)).toEqual(ids);
    expect(JSON.stringify(dispute)).not.toContain('owner 0');
    const [first] = dispute!.evidence as [{ what: 'round' } & AuditRound];
    expect(first.answers.every(({ sealed }) => sealed !== '')).toBe(true);
    expect(first.answers.some(({ isLate }) => isLate)).toBe(false);
    for (const node of nodes)
      await database.sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
        values (${node.nodeId}, 'n', 'o', 'eu', ${node.key.publicKey}, ${new Uint8Array(1)}, now())`;
    const flagged = () => database.sql`select from nodes n where ${isDisputed(database.sql)}`;
    expect(await flagged()).toHaveLength(6);
    const audited = new AuditLog({ sql: database.sql, clock });
    const decide = new DisputeDesk({ sql: database.sql, audit: audited, clock });
    const ancient = { email: 'a@stoa.example', tier: 'ancient', confirmedAt: clock.now() } as Viewer;
    const word = { word: 'dismissed', reason: 'containers of one host' } as const;
    for (const { disputeId } of await store.list(10)) await decide.decide(ancient, disputeId, word);
    expect(await flagged()).toHaveLength(0);
    await expect(decide.decide(ancient, dispute!.disputeId, word)).rejects.toMatchObject({ status: 404 });
    const [act] =
      await database.sql`select actor, act, subject from audit_log where subject = ${dispute!.disputeId}`;
    expect(act).toEqual({ actor: ancient.email, act: 'dispute.dismissed', subject: dispute!.disputeId });
    // What was looked at is not brought up again.
    await audit(18);
    expect((await store.list(10)).filter(({ isOpen }) => isOpen)).toEqual([]);
  });

  it('names no neighbour of a machine, however often it is asked with it', async () => {
    const machine = own();
    const neighbour = join({ machine: own() });
    for (let i = 0; i < 8; i += 1) join({ machine });
    await audit(6, 100);
    const all = await store.list(10);
    expect(all.flatMap((one) => one.nodes).length).toBeGreaterThan(3);
    expect(await store.ofNode(neighbour.nodeId)).toEqual([]);
  });

  it('decides of nodes, and leaves alone those of which it was decided, not the cluster that they are in', async () => {
    const evidence = [] as const;
    const raise = (disputeId: string, at: number, ...nodeIds: string[]) =>
      store.raise({ disputeId, kind: 'audit', subject: 'network x', at, evidence, nodeIds });
    const decide = (disputeId: string, word: 'dismissed' | 'upheld', ...nodeIds: string[]) =>
      database.sql.begin((tx) => store.decide(tx, disputeId, { word, at: clock.time, reason: 'r', nodeIds }));
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
    const words = async () =>
      (await store.list(10)).map(({ disputeId, isOpen, nodes: named }) => [
        ...[disputeId, isOpen],
        named.map(({ nodeId, decision }) => `${nodeId[0]} ${decision?.word ?? 'open'}`).join(),
      ]);
    expect(await raise('1', clock.time, a, b)).toBe(true);
    expect(await decide('1', 'dismissed', a)).toMatchObject({ nodeIds: [a] });
    expect(await words()).toEqual([['1', true, 'a dismissed,b open']]);
    expect(await decide('1', 'upheld', a)).toBeUndefined();
    await decide('1', 'upheld', b);
    expect([await store.ofNode(a), (await store.ofNode(b)).length]).toEqual([[], 1]);
    expect(await raise('2', clock.time + HOUR, a, b)).toBe(false);
    expect(await raise('3', clock.time + HOUR, a, b, c)).toBe(true);
    expect((await words())[0]).toEqual(['3', true, 'c open']);
    expect(await raise('4', clock.time + 91 * 24 * HOUR, a)).toBe(false);
    expect((await words())[0]).toEqual(['3', true, 'a open,c open']);
  });

  it('is not deceived by nodes that sleep when they are asked alone, once one of them was quick', async () => {
    const machine = own();
    for (let i = 0; i < 8; i += 1) join({ machine, sleepsAloneMs: 700 });
    await audit(2);
    expect(rounds.map(({ pace }) => pace)).toContain('apart');
    await audit(20, 120);
    expect((await store.list(10)).flatMap((one) => one.nodes).length).toBeGreaterThan(3);
  });

  it('disputes a wrong answer at once, also one that was asked for alone', async () => {
    for (let i = 0; i < 5; i += 1) join({ machine: own() });
    const liar = join({ machine: own(), answers: 'wrong' });
    await audit(1);
    expect(await store.list(10)).toMatchObject([
      { kind: 'answer', subject: liar.nodeId, nodes: [{ nodeId: liar.nodeId }], isOpen: true },
    ]);
  });

  it('comes to many clusters in one period, and asks nobody else of a network while it asks one alone', async () => {
    for (let i = 0; i < 24; i += 1) {
      const machine = own();
      for (let n = 0; n < 4; n += 1) join({ machine, address: `5.6.${i}.8`, rttMs: 0 });
    }
    await audit(48, 1);
    expect(new Set(rounds.map(({ cluster }) => cluster)).size).toBe(48);
    expect(new Set(rounds.flatMap(({ answers }) => answers.map(({ aloneMs }) => aloneMs)))).toEqual(
      new Set([96]),
    );
  });

  it('does its own work before it asks anybody', async () => {
    for (let i = 0; i < 6; i += 1) join({ machine: own() });
    hashMs = 7;
    await audit(1);
    expect(rounds[0]!.answers.map(({ togetherMs }) => togetherMs)).toEqual([96, 96, 96, 96, 96, 96]);
  });

  it('costs nodes nothing that lack old payloads, are silent or too few', async () => {
    for (const answers of ['unavailable', 'unavailable', 'never', 'right', 'right', 'right'] as const)
      join({ machine: own(), answers });
    await audit(1, 20);
    expect(rounds).toEqual([]);
    join({ machine: own() });
    clock.time += 7 * HOUR;
    await audit(1, 20);
    expect(rounds.map(({ answers }) => answers.length)).toEqual([4, 4]);
  });

  it('tells a wrong answer, and one that is not there', async () => {
    const some = Array.from({ length: 5 }, () => join({ machine: own() }));
    await audit(1);
    const wrong = new AuditedNode({ machine: own(), answers: 'wrong' }, { clock, exchange: () => exchange });
    nodes.push(wrong);
    const told = exchange.ask(exchange.prepare(wrong.session, PAYLOADS.slice(0, 4)), 10_000);
    while (await clock.step());
    expect(await told).toMatchObject({ result: 'wrong' });
    const silent = exchange.ask(exchange.prepare(some[0]!.session, PAYLOADS.slice(0, 4)), 10_000);
    desk.ended(some[0]!.session);
    expect(await silent).toMatchObject({ result: 'silent' });
  });

  it('believes nobody’s answer but the node’s own', async () => {
    const [one, other] = [join({ machine: own(), answers: 'never' }), join({ machine: own() })];
    let nonce = new Uint8Array(16);
    const session = {
      ...one.session,
      send: (_name: string, value: unknown) => {
        ({ nonce } = value as { nonce: Uint8Array<ArrayBuffer> });
      },
    };
    const told = exchange.ask(exchange.prepare(session, []), 10_000);
    const report = {
      ...{ nonce, node: fromHex(one.nodeId), tookMs: 1 },
      ...({ outcome: 'answered', answer: new Uint8Array(32) } as const),
    };
    const forged = seal(auditReportKind, report, other.key);
    lookedUp = 0;
    // Neither costs a query: nobody asked this node.
    await expect(exchange.response(other.session, forged)).rejects.toMatchObject({ code: 'malformed' });
    const unasked = { ...report, nonce: new Uint8Array(16) };
    await exchange.response(one.session, seal(auditReportKind, unasked, one.key));
    expect(lookedUp).toBe(0);
    await expect(exchange.response(one.session, forged)).rejects.toMatchObject({ code: 'bad_signature' });
    // A question takes one answer.
    await exchange.response(one.session, seal(auditReportKind, report, one.key));
    expect(lookedUp).toBe(1);
    while (await clock.step());
    expect(await told).toMatchObject({ result: 'silent', ms: 10_000 });
  });

  it('asks for nothing while there is no cluster, and a node at most 48 times a day', async () => {
    for (let i = 0; i < 3; i += 1) join({ machine: own() });
    await audit(1, 5);
    expect(fetched).toBe(0);
    for (let i = 0; i < 3; i += 1) join({ machine: own() });
    const until = clock.time + 24 * HOUR;
    while (clock.time < until) {
      await audit(rounds.length + 1, 1);
      clock.time -= rounds.length === 0 ? 0 : HOUR - 300_000;
    }
    const most = Math.max(...nodes.map(({ asked }) => asked));
    expect(rounds.length).toBeGreaterThan(6);
    expect(most).toBeLessThanOrEqual(24);
  });

  it('names both where two nodes answer with one certificate', async () => {
    const shared = { fingerprint: 'c'.repeat(43), holder: 'a'.repeat(64), rival: 'b'.repeat(64) };
    const seen = { host: '5.6.7.8', port: 1_789, dialler: 'd'.repeat(64) };
    await disputes.shared({ ...shared, ...seen });
    await disputes.shared({ ...shared, ...seen });
    expect(await store.ofNode(shared.rival)).toMatchObject([
      {
        ...{ kind: 'certificate', subject: shared.fingerprint },
        nodes: [{ nodeId: shared.holder }, { nodeId: shared.rival }],
      },
    ]);
    expect((await store.list(10))[0]!.evidence).toHaveLength(1);
  });
});
