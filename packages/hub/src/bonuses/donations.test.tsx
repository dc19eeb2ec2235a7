import { formatParams, GATES, kindOf } from '@stoa/protocol';
import { POINT } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NodeHour } from '#gates/index.ts';
import { createLedgerTools, type LedgerTools } from '#ledger/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { DonationStore } from './donation-store.ts';
import { Donations } from './donations.ts';
import { BonusPage } from './page.tsx';

const HOUR_MS = 3_600_000;
const START = Math.floor(Date.UTC(2026, 10, 2) / HOUR_MS);
const [ANN, BOB] = ['ann@x.example', 'bob@x.example'];
const hex = (text: string) => Buffer.from(text).toString('hex').padEnd(64, '0');
const [GIVER, TAKER, OTHER] = ['giver', 'taker', 'other'].map(hex) as [string, string, string];
const SEED = 'ab'.repeat(32);
const OWNERS = new Map([
  [GIVER, { accountId: 'a'.repeat(32), ownerId: 'a'.repeat(32), owner: ANN }],
  [TAKER, { accountId: 'b'.repeat(32), ownerId: 'b'.repeat(32), owner: BOB }],
  [OTHER, { accountId: 'c'.repeat(32), ownerId: 'a'.repeat(32), owner: ANN }],
]);

describe('seed donations', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let tools: LedgerTools;
  let donations: Donations;
  let store: DonationStore;
  let hour: number;
  /** Hours in which the taker was at the tip. */
  let atTip: Set<number>;
  let payees: typeof OWNERS;
  const clock = { now: () => hour * HOUR_MS + 60_000 };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    tools = createLedgerTools({ sql, clock });
    store = new DonationStore(sql);
    for (const { ownerId, owner } of [OWNERS.get(GIVER)!, OWNERS.get(TAKER)!])
      await sql`insert into payout_people (email, owner_id) values (${owner}, ${ownerId})`;
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    hour = START;
    atTip = new Set();
    payees = new Map(OWNERS);
    await database.sql`truncate jobs, seed_donations, stoicism_events, ledger_head, ledger_accounts`;
    await tools.book.begin();
    donations = new Donations({
      ...{ store, bonuses: tools.bonuses, clock },
      hours: { span: async (nodeId, { from, until }) => span(nodeId, from, until) },
      payees: { at: async (_hour, ids) => new Map(ids.flatMap((id) => entryOf(id))) },
    });
  });
  const entryOf = (id: string) => {
    const payee = payees.get(id);
    return payee === undefined ? [] : [[id, payee] as const];
  };
  const span = (nodeId: string, from: number, until: number): NodeHour[] =>
    Array.from({ length: until - from }, (_, i) => {
      const supported = atTip.has(from + i) ? 1n : 0n;
      const none = {
        acknowledged: 0n,
        gap: 0n,
        unsupported: 0n,
        unjudged: 0n,
        paid: 0n,
        pending: 0n,
        checkpoint: undefined,
        gapRecords: [],
      };
      return { nodeId, hubHour: from + i, ...none, supported, failures: GATES.map(() => 0n) };
    });

  async function job(nodeId: string, kind: string, by: { report?: string; params?: string }): Promise<void> {
    const at = new Date(hour * HOUR_MS);
    const { report = '', params = '' } = by;
    await database.sql`insert into jobs (batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state,
        max_attempts, scheduled_at, deadline, created_at, started_at, ended_at, report)
      values (gen_random_uuid(), ${nodeId}, ${OWNERS.get(nodeId)!.owner}, 'agent', ${kind}, 'code', true, true, ${params},
        'succeeded', 3, ${at}, ${at}, ${at}, ${at}, ${at}, ${report})`;
    hour += 1;
  }
  const made = (nodeId: string, sha256 = SEED) =>
    job(nodeId, 'seed-refresh', {
      report: JSON.stringify({ sha256, file: '/var/lib/stoachain/seeds/seed.tar.zst' }),
    });
  const taken = (nodeId: string, sha256 = SEED) =>
    job(nodeId, 'stoachain-reseed', {
      params: formatParams(kindOf('stoachain-reseed').parameters, { url: 'https://x.example/seed', sha256 }),
    });
  const warm = (nodeId: string) =>
    tools.book.open(hour, ({ append }) =>
      append([
        {
          ...{ kind: 'accrual', hour, revision: 0, nodeId, accountId: 'b'.repeat(32), ref: '', amount: 1n },
          ...{ basis: { minutes: 1n, microScore: 1, scoreVersion: 1 }, ownerId: undefined },
        },
      ]),
    );
  const states = async () =>
    (await database.sql<{ state: string }[]>`select state from seed_donations order by ended_at`).map(
      ({ state }) => state,
    );
  const given = async () => {
    const rows = await database.sql<{ account: string; amount: string; ref: string }[]>`
      select account_id as account, amount::text as amount, ref from stoicism_events where kind = 'donation'`;
    return [...rows];
  };

  it('pay ten points once the node that took the seed is warm, and once', async () => {
    await made(GIVER);
    await taken(TAKER);
    await donations.tick();
    expect(await states()).toEqual(['waits']);
    // Sooner than a warm-up takes: it was warm before.
    hour += 20;
    await warm(TAKER);
    hour += 1;
    await donations.tick();
    expect(await states()).toEqual(['waits']);
    hour += 5;
    await warm(TAKER);
    hour += 1;
    for (let i = 0; i < 2; i += 1) await donations.tick();
    expect(await states()).toEqual(['paid']);
    expect(await given()).toEqual([{ account: 'a'.repeat(32), amount: String(10n * POINT), ref: TAKER }]);
    // As after a crash between the event and the row.
    await database.sql`update seed_donations set state = 'waits'`;
    await donations.tick();
    expect([await states(), (await given()).length]).toEqual([['paid'], 1]);
    expect((await tools.check.run({ chain: true })).faults).toEqual([]);
  });

  it('are none to oneself, of a seed that another made first, to who had not lost the chain, to who stays cold', async () => {
    await made(TAKER);
    await made(GIVER);
    await taken(TAKER);
    await taken(OTHER, 'cd'.repeat(32));
    await made(GIVER, 'ef'.repeat(32));
    await taken(OTHER, 'ef'.repeat(32));
    await taken(TAKER, 'ef'.repeat(32));
    atTip.add(hour - 10);
    await taken(TAKER, 'ef'.repeat(32));
    await donations.tick();
    expect(await states()).toEqual(['own', 'unknown', 'own', 'at-tip', 'at-tip']);
    await database.sql`delete from seed_donations`;
    atTip.clear();
    await donations.tick();
    hour += 31 * 24;
    await donations.tick();
    expect((await states()).slice(3)).toEqual(['cold', 'cold']);
    expect(await given()).toEqual([]);
    const told = String(
      BonusPage({
        view: {
          email: BOB,
          keys: [],
          donations: await store.ofOwner(BOB, 9),
          labels: new Map([[TAKER, 'rack-1']]),
        },
      }),
    );
    for (const part of [
      'none: to oneself',
      'did not warm up',
      'rack-1',
      'another’s node',
      'signed with no key',
    ])
      expect(told).toContain(part);
    expect(told).not.toContain('@');
  });

  it('wait for the donor to name an account, and believe no report that is none', async () => {
    payees.delete(GIVER);
    await job(OTHER, 'seed-refresh', { report: `not JSON, with ${SEED}` });
    await made(GIVER);
    await taken(TAKER);
    await donations.tick();
    hour += 25;
    await warm(TAKER);
    hour += 1;
    await donations.tick();
    expect(await states()).toEqual(['waits']);
    payees = new Map(OWNERS);
    await donations.tick();
    expect(await states()).toEqual(['paid']);
  });
});
