import {
  decode,
  decodeExact,
  encode,
  fromHex,
  HUB_FRAMES,
  type HubParty,
  openProvenReceipt,
  openReceiptRoot,
  type ProvenReceipt,
  provenReceipt,
  ROOTS_PER_GENERATION,
  type SettledReceipt,
  settledReceipt,
  signedHubGap,
  toHex,
} from '@stoa/protocol';
import { makeParties, pick, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { newestReceipt, settledPoints, verifyHour, verifyRoots, wordPoints } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealGap } from '#gates/gap-seal.ts';
import { type GapRecord, GapStore } from '#gates/gap-store.ts';
import { GapDocuments } from '#gates/index.ts';
import { accountName, FIRST_HOUR, HOUR_MS, LedgerWorld, nodeName } from '#ledger/world.fixture.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { systemClock } from '../clock.ts';
import { raiseGeneration } from '../region-settings.ts';
import { createReceipts, ReceiptReader, type Receipts, rootPayload } from './index.ts';

const ALL = (1n << 60n) - 1n;
const HOUR = FIRST_HOUR;
const NODES = Array.from({ length: 5 }, (_, i) => nodeName(i)).sort();
const [ONE, TWO] = NODES as [string, string];
const [ANN, TUNNEL] = [accountName(1), accountName(2)];
const LOOK = new Uint8Array(32).fill(7);

const { hub: today, instanceCert } = makeParties('receipts');
const instance = instanceCert({ notAfter: (HOUR + 6 * 24) * HOUR_MS });
const hub = { ...today, chain: { ...today.chain, instance } };
const trust = { root: hub.chain.root, region: 'eu' };

describe('receipts of the ledger', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: LedgerWorld;
  let receipts: Receipts;
  let reader: ReceiptReader;
  let party: HubParty;
  const faults: string[] = [];
  let looks: ReadonlyMap<string, Uint8Array>;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    const { sql } = database;
    party = hub;
    looks = new Map([[ONE, LOOK]]);
    faults.length = 0;
    await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals,
      settled_receipts, receipt_roots, receipt_tops, leases`;
    receipts = createReceipts({
      ...{ sql, instanceId: 'hub-1', region: 'eu', party: () => party, crypto: nodeCrypto },
      dialBacks: { reports: async () => looks },
      gaps: new GapDocuments({ sql, crypto: nodeCrypto }),
      clock: { now: () => world.now, after: systemClock.after },
      random: (count) => new Uint8Array(count),
      log: { info: () => undefined, error: (_: unknown, text?: string) => void faults.push(text ?? '') },
    });
    reader = new ReceiptReader({
      sql,
      crypto: nodeCrypto,
      gaps: new GapDocuments({ sql, crypto: nodeCrypto }),
    });
    world = new LedgerWorld(sql, receipts.sink);
    world.payeeOf = (_, id) => ({
      ...{ accountId: ANN, ownerId: 'x' },
      ...(id === TWO && { tunnel: { accountId: TUNNEL, ownerId: 'y', permille1: 333 } }),
    });
    await world.book.begin();
  });

  const seal = () => receipts.tasks[0]!.tick();
  const newest = async (nodeId: string, hour = HOUR) => (await reader.of(nodeId, hour)).at(-1)?.receipt;
  const rootsOf = async () =>
    (await reader.newestRoots(9)).map(
      (root) => openReceiptRoot({ ...root, root: root.sealed }, trust, nodeCrypto).root,
    );
  /** What a node's session is sent. */
  async function sent(nodeId: string, after: number): Promise<ProvenReceipt[]> {
    // A node may ask once a minute.
    world.now += 60_000;
    const got: ProvenReceipt[] = [];
    const send = (_: string, value: unknown) => void got.push(value as ProvenReceipt);
    await receipts.frames.wanted(
      { node: { nodeId }, send } as Parameters<Receipts['frames']['wanted']>[0],
      after,
    );
    return got;
  }

  it('say what was paid to the last unit, prove it under a signed root, and are sent in the order of their roots', async () => {
    for (const id of NODES) world.tell(HOUR, id, { paid: 7n, pending: 24n });
    world.tell(HOUR + 1, TWO, { paid: ALL });
    await world.after(HOUR, 15);
    expect([await sent(TWO, 0), await reader.proofOf(TWO, HOUR, 0)]).toEqual([[], undefined]);
    await seal();
    await world.after(HOUR + 1, 15);
    await seal();
    const opened = (await sent(TWO, 0)).map((proven) => openProvenReceipt(proven, trust, nodeCrypto));
    expect(opened.map(({ receipt, root }) => [receipt.hubHour, root.number, root.pass, root.count])).toEqual([
      [HOUR, 1, 0, 5],
      [HOUR + 1, 2, 0, 1],
    ]);
    expect(await sent(TWO, 0)).toHaveLength(2);
    expect((await sent(TWO, 1)).map(({ body }) => decodeExact(settledReceipt, body).hubHour)).toEqual([
      HOUR + 1,
    ]);
    const paid = await database.sql<{ account_id: string; kind: string; amount: string }[]>`
      select account_id, kind, amount::text as amount from stoicism_events
      where node_id = ${TWO} and hour = ${HOUR} and kind <> 'matured' order by kind`;
    const { points, pendingPoints, fee } = opened[0]!.receipt;
    expect(paid).toMatchObject([
      { account_id: ANN, kind: 'accrual', amount: String(points) },
      { account_id: TUNNEL, kind: 'fee', amount: String(fee!.points) },
      { account_id: ANN, kind: 'pending', amount: String(pendingPoints) },
      { account_id: TUNNEL, kind: 'pending-fee', amount: String(fee!.pendingPoints) },
    ]);
    expect(points + fee!.points).toBe(wordPoints(7n, 1_000_000));
    expect(settledPoints(opened[0]!.receipt).points).toBe(points);
    expect((await newest(ONE))?.evidence).toEqual([{ kind: 'dial-back', hash: LOOK }]);
  });

  it('that name the signed record of a gap bring it along', async () => {
    const gap: GapRecord = {
      ...{ instanceId: 'hub-1', cause: 'restart' as const, from: HOUR * 60 + 4, until: HOUR * 60 + 9 },
      granted: { from: HOUR * 60 + 4, until: HOUR * 60 + 9, counted: 5 },
    };
    const signed = sealGap(gap, hub);
    await new GapStore(database.sql).record([{ ...gap, seal: signed }], new Date(world.now));
    const document = encode(signedHubGap, signed);
    const gapRecords = [nodeCrypto.hash(document)];
    world.tell(HOUR, TWO, { paid: ALL, gap: 0x1fn << 4n, gapRecords });
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 15);
    await seal();
    const [proven] = await sent(TWO, 0);
    expect(proven!.documents).toEqual([document]);
    const hour = { hubHour: HOUR, receipts: [], settled: [(await reader.proofOf(TWO, HOUR, 0))!] };
    const found = verifyHour(hour, { nodeId: fromHex(TWO), nodeKeys: [], trust }, nodeCrypto);
    expect(found.filter(({ subject }) => subject === 'gap')).toMatchObject([
      { what: 'rests-on', signer: 'instance hub-1', minutes: 0x1fn << 4n },
    ]);
    expect((await sent(ONE, 0))[0]!.documents).toBeUndefined();
    await database.sql`truncate hub_gaps`;
  });

  it('of a later word are one revision of that node alone, under a second root that names the first', async () => {
    for (const id of NODES) world.tell(HOUR, id, { paid: 1n });
    await world.after(HOUR, 15);
    await seal();
    world.tell(HOUR, TWO, { paid: 3n });
    await world.after(HOUR, 76);
    await seal();
    await world.after(HOUR, 200);
    await seal();
    expect((await rootsOf()).map(({ number, pass, count }) => [number, pass, count])).toEqual([
      [2, 1, 1],
      [1, 0, 5],
    ]);
    expect(
      (await reader.of(TWO, HOUR)).map(({ receipt, pass }) => [receipt.revision, receipt.minutes, pass]),
    ).toEqual([
      [0, 1n, 0],
      [1, 3n, 1],
    ]);
    expect(
      (await sent(TWO, 1)).map((proven) => openProvenReceipt(proven, trust, nodeCrypto).receipt),
    ).toMatchObject([
      { revision: 1, points: wordPoints(3n, 1_000_000) - (wordPoints(3n, 1_000_000) * 333n) / 10_000n },
    ]);
    expect(await sent(ONE, 1)).toEqual([]);
    const findings = verifyRoots((await reader.roots(HOUR)).map(rootPayload), trust, nodeCrypto);
    expect(findings.map(({ what }) => what)).toEqual(['match', 'match']);
  });

  it('say nothing that the ledger does not: a word that is refused leaves the receipt as it is', async () => {
    world.tell(HOUR, ONE, { paid: 7n });
    world.tell(HOUR, TWO, { paid: 7n });
    await world.after(HOUR, 15);
    // One would lose what is banked; of the other the account can't be told any more.
    world.tell(HOUR, ONE, { paid: 1n });
    world.payeeOf = (_, id) => (id === TWO ? undefined : { accountId: ANN, ownerId: 'x' });
    await world.after(HOUR, 76);
    await world.after(HOUR, 24 * 60);
    // Late.
    world.tell(HOUR, ONE, { paid: ALL });
    await world.after(HOUR, 48 * 60);
    await seal();
    expect((await rootsOf()).map(({ pass }) => pass)).toEqual([0]);
    expect([await newest(ONE), await newest(TWO)]).toMatchObject([
      { revision: 0, minutes: 7n },
      { revision: 0, minutes: 7n },
    ]);
  });

  it('add up to the ledger over any history of words: more, less, late, cut off', async () => {
    const random = seededRandom('histories');
    const word = () => BigInt(`0x${toHex(random(8))}`) & ALL;
    for (let minutes = 15; minutes < 49 * 60; minutes += 25 + pick(random, 300)) {
      for (let told = 0; told < 4; told += 1) {
        const paid = word();
        world.tell(HOUR + pick(random, 3), NODES[pick(random, 5)]!, { paid, pending: word() & ~paid });
      }
      const stop = new AbortController();
      if (pick(random, 3) === 0) stop.abort();
      world.now = (HOUR + 1) * HOUR_MS + minutes * 60_000;
      await world.closer.tick(stop.signal);
      await seal();
    }
    const rows = await database.sql<{ node_id: string; hour: number; kind: string; amount: string }[]>`
      select node_id, hour, kind, sum(amount)::text as amount from stoicism_events
      where kind in ('accrual', 'fee', 'pending', 'pending-fee') group by 1, 2, 3 having sum(amount) <> 0`;
    const events = rows.map((row) => `${row.hour} ${row.node_id} ${row.kind} ${row.amount}`);
    const said: string[] = [];
    for (const hour of [HOUR, HOUR + 1, HOUR + 2])
      for (const id of NODES)
        said.push(...sumsOf(await newest(id, hour)).map((sum) => `${hour} ${id} ${sum}`));
    expect(said.length).toBeGreaterThan(15);
    expect(said.sort()).toEqual(events.sort());
    expect((await rootsOf()).length).toBeGreaterThan(5);
  });

  it('are there for who earned nothing too, with why', async () => {
    world.payeeOf = (_, id) => (id === ONE ? undefined : { accountId: ANN, ownerId: 'x' });
    world.scoreOf = (_, id) => (id === TWO ? undefined : { micro: 1, version: 1 });
    world.tell(HOUR, ONE, { paid: 7n });
    world.tell(HOUR, TWO, { paid: 7n });
    await world.after(HOUR, 15);
    expect(await newest(ONE)).toMatchObject({
      account: '',
      points: 0n,
      minutes: 7n,
    } satisfies Partial<SettledReceipt>);
    expect(await newest(TWO)).toMatchObject({ account: ANN, microScore: 0, scoreVersion: 0, points: 0n });
  });

  it('do without evidence whose hash is none, and the hour is closed all the same', async () => {
    looks = new Map([[ONE, new Uint8Array(5)]]);
    const hash = (bytes: number) => ({ micro: 1_000_000, version: 1, hash: new Uint8Array(bytes).fill(1) });
    world.scoreOf = (_, id) => hash({ [ONE]: 31, [TWO]: 0 }[id] ?? 32);
    for (const id of NODES) world.tell(HOUR, id, { paid: 7n });
    await world.after(HOUR, 15);
    await world.after(HOUR, 76);
    await seal();
    expect((await newest(ONE))?.points).toBe(wordPoints(7n, 1_000_000));
    const kinds = async (id: string) => (await newest(id))?.evidence.map(({ kind }) => kind);
    expect([await kinds(ONE), await kinds(TWO), await kinds(NODES[2]!)]).toEqual([[], [], ['score']]);
    expect((await rootsOf()).map(({ pass, count }) => [pass, count])).toEqual([[0, 5]]);
    expect(faults[0]).toContain('stored as the hash of evidence');
  });

  it('of a pass that was cut off are sealed when it is over, each once', async () => {
    for (const id of NODES) world.tell(HOUR, id, { paid: 1n });
    world.now = (HOUR + 1) * HOUR_MS + 15 * 60_000;
    const stopped = new AbortController();
    stopped.abort();
    await world.closer.tick(stopped.signal);
    await seal();
    expect(await rootsOf()).toEqual([]);
    await world.closer.tick();
    await Promise.all([seal(), seal()]);
    expect((await rootsOf()).map(({ count }) => count)).toEqual([5]);
  });

  it('are sealed though another pass can’t be, and not under a certificate that has ended (F17)', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    await world.after(HOUR, 15);
    await database.sql`insert into receipt_roots (hub_hour, pass, mode, reset_sequence)
      values (${HOUR}, -1, 'live', 0)`;
    party = { ...hub, chain: { ...hub.chain, instance: instanceCert({ notAfter: world.now }) } };
    await seal();
    expect([await rootsOf(), faults]).toEqual([[], []]);
    party = hub;
    await seal();
    expect([(await rootsOf()).map(({ count }) => count), faults.length]).toEqual([[1], 1]);
  });

  it('are settled anew after a restore, under roots that stand instead of those that it took back', async () => {
    const { sql } = database;
    for (const id of NODES) world.tell(HOUR, id, { paid: 1n });
    await world.after(HOUR, 15);
    await seal();
    const [before] = (await reader.roots(HOUR)).map(rootPayload);
    const [old] = await sent(ONE, 0);
    await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, settled_receipts,
      receipt_roots, receipt_tops`;
    await raiseGeneration(sql, 0);
    const { words, payeeOf } = world;
    world = new LedgerWorld(sql, receipts.sink);
    world.payeeOf = payeeOf;
    for (const [hour, nodes] of words) world.words.set(hour, nodes);
    await world.book.begin();
    await world.after(HOUR, 20);
    await seal();
    const [after] = (await reader.roots(HOUR)).map(rootPayload);
    const findings = verifyRoots([before!, after!], trust, nodeCrypto);
    expect(findings.map(({ what, text }) => [what, text])).toEqual([
      ['rests-on', expect.stringContaining('restored, in place of root 1')],
      ['match', expect.stringContaining(`root ${ROOTS_PER_GENERATION + 1} stands for`)],
    ]);
    // Who has the old ones asks for what is behind them.
    const [again] = await sent(ONE, 1);
    const settled = [again!, old!].map((proven) => encode(provenReceipt, proven));
    expect(newestReceipt({ settled })).toEqual(decodeExact(settledReceipt, again!.body));
    const hour = { hubHour: HOUR, receipts: [], settled };
    const all = verifyHour(hour, { nodeId: fromHex(ONE), nodeKeys: [], trust }, nodeCrypto);
    expect(all.filter(({ what, fault }) => what === 'differs' && fault === 'revision-wrong')).toEqual([]);
    expect(all.map(({ text }) => text)).toContainEqual(expect.stringContaining('settled anew'));
    await sql`delete from region_settings`;
  });

  it('say of which reckoning they are: TEST, or since which reset', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    world.tell(HOUR + 1, ONE, { paid: 1n });
    await world.after(HOUR, 15);
    await database.sql`update ledger_head set mode = 'live', reset_sequence = 9, first_hour = ${HOUR + 1}`;
    await world.after(HOUR + 1, 15);
    await seal();
    const opened = (await sent(ONE, 0)).map((proven) => openProvenReceipt(proven, trust, nodeCrypto));
    const said = [
      ['shadow', 0],
      ['live', 9],
    ];
    expect(opened.map(({ receipt }) => [receipt.mode, receipt.resetSequence])).toEqual(said);
    expect(opened.map(({ root }) => [root.mode, root.resetSequence])).toEqual(said);
  });

  it('are asked for once a minute and node, whatever its sessions', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    await world.after(HOUR, 15);
    await seal();
    expect(await sent(ONE, 0)).toHaveLength(1);
    world.now -= 59_000;
    expect(await sent(ONE, 0)).toEqual([]);
  });

  it('end their lives after 35 days, but for the roots', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    await world.after(HOUR, 15);
    await seal();
    world.now += (35 * 24 - 1) * HOUR_MS;
    await receipts.tasks[1]!.tick();
    expect(await newest(ONE)).toBeDefined();
    world.now += HOUR_MS;
    await receipts.tasks[1]!.tick();
    expect([await newest(ONE), (await rootsOf()).length, await sent(ONE, 0)]).toEqual([undefined, 1, []]);
  });

  it('can be changed by nobody once they are written', async () => {
    world.tell(HOUR, ONE, { paid: 1n });
    await world.after(HOUR, 15);
    await seal();
    const { sql } = database;
    await expect(sql`update settled_receipts set body = '\\x00'`).rejects.toThrow(/revision of its own/);
    await expect(sql`update receipt_roots set count = 9`).rejects.toThrow(/revision of its own/);
    await expect(sql`delete from receipt_roots`).rejects.toThrow(/revision of its own/);
    const proof = await reader.proofOf(ONE, HOUR, 0);
    const proven = decode(HUB_FRAMES.settledReceipt, proof!);
    expect(openProvenReceipt(proven, trust, nodeCrypto).receipt.nodeId).toEqual(fromHex(ONE));
  });
});

/** As the ledger's events would say it, without those of nothing. */
function sumsOf(receipt: SettledReceipt | undefined): string[] {
  if (receipt === undefined) return [];
  const { points, pendingPoints, fee } = receipt;
  const sums = {
    accrual: points,
    pending: pendingPoints,
    fee: fee?.points,
    'pending-fee': fee?.pendingPoints,
  };
  return Object.entries(sums).flatMap(([kind, amount = 0n]) => (amount === 0n ? [] : [`${kind} ${amount}`]));
}
