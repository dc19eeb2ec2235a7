/** Whose blocks are, counted from a chain that is mined, reorganised and lied about here, and what its miners are paid. */

import type { DbAdapter } from '@stoa/hub';
import { createBonusTasks } from '@stoa/hub/bonuses';
import { createLedgerTools } from '@stoa/hub/ledger';
import { COUNTED_DEPTH, createMiningTally, MiningStore } from '@stoa/hub/mining';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { type Fetch, ReferencePoller, VerifiedSet } from '@stoa/hub/tips';
import { encodeHeader, minerOf } from '@stoa/protocol/chainweb';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createNetwork, ManualClock, networkFetch, type SimulatedNetwork } from './chainweb/index.ts';

const [BLOCK_MS, MINUTE_MS, DAY_MS] = [30_000, 60_000, 86_400_000];
const MIDNIGHT = Date.UTC(2026, 10, 27);
const DAY = MIDNIGHT / DAY_MS - 1;
const [A, B, C] = ['a1', 'b2', 'c3'].map((pair) => pair.repeat(32)) as [string, string, string];

describe('mining', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let clock: ManualClock;
  let network: SimulatedNetwork;
  let set: VerifiedSet;
  let poller: ReferencePoller;
  let store: MiningStore;
  let fetch: Fetch;
  const tick = () => {
    const node = new URL(network.nodes[0]!.serviceUrl);
    return createMiningTally({ sql: database.sql, set, node, clock, fetch: (...by) => fetch(...by) })!.tick();
  };

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate mined_blocks, mined_days, mining_progress, mining_bonus_days, payout_people,
      payout_accounts, stoicism_events, ledger_head, ledger_accounts cascade`;
    clock = new ManualClock(MIDNIGHT - 30 * MINUTE_MS);
    network = createNetwork({ seed: 7, clock, history: 35, work: 4, orphanRate: 0.1 });
    network.addNode();
    // As small as it goes, so that a hub is soon away for longer than it remembers.
    set = new VerifiedSet({ checkpoint: network.checkpoint, clock, depth: 40 });
    fetch = networkFetch(network);
    const url = network.nodes[0]!.serviceUrl;
    const reporter = { nodeId: 'reference', ownerId: 'hub', network: 'hub', reference: true };
    poller = new ReferencePoller({ url, set, fetch, reporter });
    store = new MiningStore(database.sql);
    await poller.tick();
    await tick();
  });

  const pass = async (heights: number) => {
    clock.advance(heights * BLOCK_MS);
    await poller.tick();
  };
  const keyOf = (payloadHash: string) => minerOf(network.payloads.get(payloadHash)!)!.keys[0]!;

  /** What the miners know: blocks that stand, from where each chain's count began up to where it may go. */
  async function truth(until = Number.POSITIVE_INFINITY): Promise<Map<string, number>> {
    const begun = new Map((await store.progress()).map(({ chain, since }) => [chain, since]));
    const counts = new Map<string, number>();
    for (const head of set.heads())
      for (const { chain, height, creationTime, payloadHash } of network.main
        .past(head.height - COUNTED_DEPTH)
        [head.chain]!.map(({ header }) => header)) {
        const at = Number(creationTime / 1_000n);
        if (at <= begun.get(chain)! || at >= until || height > head.height - COUNTED_DEPTH) continue;
        counts.set(keyOf(payloadHash), (counts.get(keyOf(payloadHash)) ?? 0) + 1);
      }
    return counts;
  }
  async function counted(): Promise<Map<string, number>> {
    const rows = await database.sql<{ key: string; blocks: number }[]>`
      select key, sum(blocks)::int as blocks from mined_days group by key having sum(blocks) > 0`;
    const stored = await database.sql<{ key: string; blocks: number }[]>`
      select key, count(*)::int as blocks from mined_blocks where not orphaned group by key`;
    const sums = (all: typeof rows) => new Map(all.map(({ key, blocks }) => [key, blocks]));
    expect(sums(stored)).toEqual(sums(rows));
    return sums(rows);
  }

  it('counts each block once, also what was mined while the hub was away for longer than it remembers', async () => {
    for (const heights of [3, 20, 1, 65]) {
      await pass(heights);
      await Promise.all([tick(), tick()]);
    }
    expect(await counted()).toEqual(await truth());
    expect([...(await truth()).values()].reduce((sum, one) => sum + one, 0)).toBeGreaterThan(600);
  });

  it('takes back what another branch took, and names what lost as lost', async () => {
    await pass(40);
    await tick();
    network.reorganise(COUNTED_DEPTH + 8);
    await pass(10);
    for (let i = 0; i < 3; i += 1) await tick();
    expect(await counted()).toEqual(await truth());
    const reporter = { nodeId: 'n', ownerId: 'o', network: 'x', reference: true };
    const deep = set.head(0).height - COUNTED_DEPTH - 1;
    for (let height = deep - 15; height <= deep; height += 1)
      for (const { header } of network.blocks.at(0, height)) set.offer(encodeHeader(header), reporter);
    for (let i = 0; i < 2; i += 1) await tick();
    const stored = await database.sql<{ hash: string; key: string }[]>`
      select hash, key from mined_blocks where orphaned`;
    const orphans = new Map(stored.map(({ hash, key }) => [hash, key]));
    for (const { hash, payloadHash } of set.orphans(COUNTED_DEPTH))
      expect(orphans.get(hash)).toBe(keyOf(payloadHash));
    expect(set.orphans(COUNTED_DEPTH).some(({ chain }) => chain === 0)).toBe(true);
    expect([...orphans.keys()].filter((hash) => set.onCanonical(hash))).toEqual([]);
    const [{ sum } = { sum: 0 }] = await database.sql<{ sum: number }[]>`
      select sum(orphans)::int as sum from mined_days`;
    expect(sum).toBe(orphans.size);
    expect(await counted()).toEqual(await truth());
  });

  it('believes no payload that is not the header’s, and no other ancestor: the chain waits', async () => {
    await pass(30);
    const honest = fetch;
    const forged = Buffer.from(JSON.stringify({ account: 'k:x', predicate: 'keys-all', 'public-keys': [C] }));
    fetch = async (url, init) => {
      const answer = await honest(url, init);
      if (!url.includes('/chain/3/payload/')) return answer;
      const payloads = (await answer.json()) as { minerData: string }[];
      return Response.json(
        payloads.map((one, i) => (i === 4 ? { ...one, minerData: forged.toString('base64url') } : one)),
      );
    };
    await tick();
    const before = new Map((await store.progress()).map(({ chain, height }) => [chain, height]));
    const expected = await truth();
    const sum = (all: ReadonlyMap<string, number>) => [...all.values()].reduce((one, two) => one + two, 0);
    expect(sum(await counted())).toBeLessThan(sum(expected));
    expect(before.get(3)).toBeLessThan(set.head(3).height - COUNTED_DEPTH);
    fetch = honest;
    await tick();
    expect(await counted()).toEqual(expected);

    await pass(65);
    fetch = async (url, init) => {
      const answer = await honest(url, init);
      if (!url.includes('/chain/3/header/')) return answer;
      const page = (await answer.json()) as { items: string[] };
      return Response.json({ ...page, items: page.items.slice(1) });
    };
    await expect(tick()).rejects.toMatchObject({ code: 'payloads_unreached' });
    fetch = honest;
    await tick();
    expect(await counted()).toEqual(await truth());
  });

  it('pays a day once it is counted to its end, to who signed with the key', async () => {
    const { sql } = database;
    const begun = { now: () => MIDNIGHT - 2 * DAY_MS };
    const { book } = createLedgerTools({ sql, clock: begun });
    await book.begin();
    const [ann, bob] = ['a'.repeat(32), 'b'.repeat(32)];
    for (const [id, email, keys] of [
      [ann, 'ann@x.example', [A, C]],
      [bob, 'bob@x.example', [C]],
    ] as const) {
      await sql`insert into payout_people (email, owner_id) values (${email}, ${id})`;
      await sql`insert into payout_accounts (account_id, account) values (${id}, ${`k:${id}`})`;
      await sql`insert into payout_challenges (nonce, email, account_id, expires_at) values (${id}, ${email}, ${id}, now())`;
      await sql`insert into payout_proofs (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
        values (${id}, ${email}, ${id}, '', ${sql.json(keys.map((key) => ({ key, signature: '' })))}, '{}', 'name', '{}',
          ${new Date(MIDNIGHT - (id === ann ? 2 : 1) * 3_600_000)}, ${MIDNIGHT / 3_600_000 - 1})`;
    }
    const tools = createLedgerTools({ sql, clock });
    const payees = { at: async () => new Map() };
    const pay = () =>
      createBonusTasks({
        ...{ sql, payees, bonuses: tools.bonuses, clock, crypto: nodeCrypto },
        chains: set.heads().length,
      })
        .find(({ name }) => name === 'mining-bonus')!
        .tick();
    await pass(62);
    await tick();
    await pay();
    expect(await sql`select * from mining_bonus_days`).toEqual([]);
    await pass(30);
    await tick();
    const [begins] = await sql`delete from mining_progress where chain = 3 returning *`;
    await pay();
    expect(await sql`select * from mining_bonus_days`).toEqual([]);
    await sql`insert into mining_progress ${sql(begins!)}`;
    for (let i = 0; i < 2; i += 1) await pay();
    const mined = await truth(MIDNIGHT);
    const paid = await sql<{ account: string; points: string; hour: number }[]>`
      select account_id as account, amount::text as points, hour from stoicism_events order by account_id`;
    const points = (key: string) => String((BigInt(mined.get(key)!) * POINT) / 100n);
    expect([...paid]).toEqual([
      { account: ann, points: points(A), hour: DAY * 24 },
      { account: bob, points: points(C), hour: DAY * 24 },
    ]);
    expect(mined.get(B)).toBeGreaterThan(0);
    expect((await tools.check.run({ chain: true })).faults).toEqual([]);
  });
});
