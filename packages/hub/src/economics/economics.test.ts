import { formatPoints, POINT } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerTools, type EventDraft, type Kind, type LedgerTools, SOURCES } from '#ledger/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createEconomicsPages, createEconomicsRefresh, EconomicsStore, standingAmong } from './index.ts';

const HOUR_MS = 3_600_000;
const DAY = Date.UTC(2026, 10, 20) / 86_400_000;
const FIRST = DAY * 24;
const id = (i: number) => i.toString(16).padStart(32, '0');
const node = (i: number) => i.toString(16).padStart(64, '0');
/** Nodes 0 to 5: two regions, two roles, one type of hardware but for the last. */
const NODES = [0, 1, 2, 3, 4, 5].map((i) => ({
  ...{ nodeId: node(i), region: i < 5 ? 'eu' : 'na', role: i === 0 ? 'validator' : 'miner' },
  hwType: i < 5 ? 'vps' : 'bare',
}));

describe('economics', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let tools: LedgerTools;
  let app: HubApp;
  const clock = { time: 0, now: () => clock.time };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    for (const { nodeId, region, role, hwType } of NODES)
      await sql`insert into nodes (node_id, label, owner, region, role, hw_type, public_key, node_cert, created_at)
        values (${nodeId}, 'n', 'ann@x.example', ${region}, ${role}, ${hwType}, '\\x00', '\\x00', now())`;
    tools = createLedgerTools({ sql, clock });
  }, 60_000);
  afterAll(() => database.close());
  const anew = async () => {
    clock.time = FIRST * HOUR_MS;
    await database.sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, payout_accounts,
      economics_emission, economics_supply, economics_peers, economics_leaders, economics_head cascade`;
    await tools.book.begin();
  };
  beforeEach(async () => {
    await anew();
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
    createEconomicsPages({ sql: database.sql, clock }).mount(app);
  });

  let serial = 0;
  const draft = (by: {
    kind: Kind;
    amount: bigint;
    hour?: number;
    node?: number | undefined;
    account?: number;
  }): EventDraft => {
    serial += 1;
    return {
      ...{ kind: by.kind, hour: by.hour ?? FIRST, revision: 0, ref: String(serial), amount: by.amount },
      nodeId: by.node === undefined ? '' : node(by.node),
      accountId: id(by.account ?? 0),
      basis: { minutes: 0n, microScore: 0, scoreVersion: 0 },
      ownerId: undefined,
    };
  };
  const write = (drafts: readonly EventDraft[]) =>
    tools.book.open(drafts[0]?.hour ?? FIRST, ({ append }) => append(drafts));
  const refresh = async (hour: number, minute = 25) => {
    clock.time = hour * HOUR_MS + minute * 60_000;
    await createEconomicsRefresh({ sql: database.sql, region: 'eu', clock }).tick();
  };
  const text = async (path: string) => (await app.request(path)).text();
  const emission = async () => {
    const rows = await new EconomicsStore(database.sql).cells(DAY, 10);
    return new Map(
      rows.map(({ day, region, role, kind, amount }) => [`${day} ${region} ${role} ${kind}`, amount]),
    );
  };

  const events = fc
    .record({
      kind: fc.constantFrom<Kind>('accrual', 'pending', 'fee', 'donation', 'mining', 'adjustment', 'reset'),
      amount: fc.bigInt({ min: 1n, max: 10n ** 20n }),
      hour: fc.integer({ min: FIRST, max: FIRST + 60 }),
      node: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    })
    // What waits, waits for a node.
    .map((one) => (one.kind === 'pending' ? { ...one, node: one.node ?? 0 } : one));

  it('adds each event once, whenever it is refreshed, and begins anew with a reset', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(events, { maxLength: 6 }), { maxLength: 4 }), async (rounds) => {
        await anew();
        const sums = new Map<string, bigint>();
        for (const [i, round] of rounds.entries()) {
          for (const one of round) addPlainly(sums, one);
          await write(round.map((one) => draft(one.kind === 'reset' ? { kind: 'reset', amount: 0n } : one)));
          await refresh(FIRST + 80 + i);
          await refresh(FIRST + 80 + i, 50);
          expect(await emission()).toEqual(sums);
        }
      }),
      { numRuns: 5 },
    );
  });

  it('says how many there are and who has them, exactly', async () => {
    const held = [1, 2, 3, 4].map((i) => BigInt(i) * POINT);
    await write([
      ...held.map((amount, i) => draft({ kind: 'accrual', amount, node: i, account: i + 1 })),
      draft({ kind: 'pending', amount: 5n * POINT, node: 5, account: 9 }),
    ]);
    await refresh(FIRST + 2);
    const { supply } = (await new EconomicsStore(database.sql).overview())!;
    // Of 1, 2, 3, 4: half the mean difference of any two, by the mean.
    expect(supply).toEqual([
      {
        ...{
          day: DAY,
          accounts: 4,
          gini: 250_000,
          pending: 5n * POINT,
          current: 10n * POINT,
          minting: 0n,
          redeemed: 0n,
        },
        ...{ top1: 4n * POINT, top10: 10n * POINT, top100: 10n * POINT },
      },
    ]);
    expect(SOURCES.length).toBeGreaterThan(5);
  });

  it('places accounts by a whole day, by region, and says who rose; compares a node with its like', async () => {
    const { sql } = database;
    await sql`insert into payout_accounts (account_id, account) values (${id(1)}, 'k:one'), (${id(2)}, 'k:two')`;
    const close = (day: number) => sql`insert into ledger_hours
        (hour, closed_at, passes, nodes, events, accrued, pending, matured, fees, revised, took_ms)
      select h, now(), 1, 0, 0, 0, 0, 0, 0, 0, 0 from generate_series(${day * 24}::int, ${day * 24 + 23}::int) h`;
    const earn = (
      hour: number,
      points: readonly (readonly [node: number, account: number, points: number])[],
    ) =>
      write(
        points.map(([of, account, amount]) =>
          draft({ kind: 'accrual', hour, node: of, account, amount: BigInt(amount) * POINT }),
        ),
      );
    const board = async (region: string) =>
      (
        (await (await app.request(`/explorer/leaders.json?region=${region}`)).json()) as {
          rows: { place: number; account: string; nodes: number; points: string; rose: number | null }[];
        }
      ).rows;
    expect(await text('/explorer/leaders')).toContain('No day is over yet');
    await earn(FIRST, [
      [0, 1, 5],
      [1, 2, 3],
      [5, 2, 9],
    ]);
    await refresh(FIRST + 24);
    expect(await text('/explorer/leaders')).toContain('No day is over yet');
    await close(DAY);
    await refresh(FIRST + 25);
    expect(await board('eu')).toEqual([
      { place: 1, account: 'k:one', nodes: 1, points: '5', rose: null },
      { place: 2, account: 'k:two', nodes: 1, points: '3', rose: null },
    ]);
    await earn(FIRST + 24, [
      [0, 1, 5],
      [1, 2, 4],
      [2, 2, 4],
      [3, 2, 1],
      [4, 1, 1],
      [5, 1, 1],
    ]);
    await close(DAY + 1);
    await refresh(FIRST + 48);
    expect((await board('eu')).map(({ account, nodes, rose }) => [account, nodes, rose])).toEqual([
      ['k:two', 3, 1],
      ['k:one', 2, -1],
    ]);
    expect((await board('na'))[0]).toMatchObject({ account: 'k:one', points: '1' });
    expect(await text('/explorer/leaders?region=eu')).toContain('▲ up 1');
    expect((await app.request('/explorer/leaders?region=mars')).status).toBe(404);
    const peers = await new EconomicsStore(sql).peers(NODES.map(({ nodeId }) => nodeId));
    // One bare machine is no group.
    expect(peers.has(node(5))).toBe(false);
    const above = (points: number) => standingAmong(peers.get(node(0))!, BigInt(points) * POINT);
    expect(above(5)).toEqual({ day: DAY + 1, nodes: 5, above: 80 });
    expect([above(4).above, above(1).above, above(6).above]).toEqual([40, 0, 99]);
  });

  it('is told as a page, CSV and JSON, nobody named, and says where there is nothing yet', async () => {
    expect(await text('/explorer/economics')).toContain('Nothing has been earned yet');
    expect(await (await app.request('/explorer/economics.json')).json()).toMatchObject({
      asOf: null,
      emission: [],
    });
    await write([draft({ kind: 'accrual', amount: 12_345n * 10n ** 9n, node: 0 })]);
    await write([draft({ kind: 'donation', amount: 10n * POINT, hour: FIRST + 24 * 120 })]);
    await refresh(FIRST + 24 * 120 + 2);
    clock.time += 60_000;
    const page = await text('/explorer/economics');
    for (const part of ['TEST', 'validator', 'no node: bonuses and adjustments', '12.34', '<svg'])
      expect(page).toContain(part);
    const csv = await text('/explorer/economics.csv');
    expect(csv.split('\r\n')[1]).toMatch(
      /^2026-11-20,eu,validator,accrual,12\.345,2027-03-20T02:25:00Z,TEST$/,
    );
    const json = (await (await app.request('/explorer/economics.json')).json()) as {
      emission: unknown[];
      next: string;
    };
    expect(json.emission).toHaveLength(1);
    expect(json.next).toBe('/explorer/economics.json?from=2027-02-28');
    expect(await text(json.next)).toContain(`"points":"${formatPoints(10n * POINT)}"`);
    expect((await app.request('/explorer/economics.csv?from=x')).status).toBe(400);
    expect(page + csv).not.toContain('@');
  });
});

function addPlainly(
  sums: Map<string, bigint>,
  event: { kind: Kind; amount: bigint; hour: number; node: number | undefined },
): void {
  const { region, role } = NODES[event.node ?? -1] ?? { region: 'eu', role: '' };
  const key = `${Math.floor(event.hour / 24)} ${region} ${role} ${event.kind}`;
  if (event.kind === 'reset') sums.clear();
  else sums.set(key, (sums.get(key) ?? 0n) + event.amount);
}
