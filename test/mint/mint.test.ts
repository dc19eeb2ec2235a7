import type { DbAdapter } from '@stoa/hub/seams/db-adapter/index';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { POINT } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, DAY, Town } from './town.ts';

let database: DbAdapter;
let town: Town;
beforeAll(async () => {
  database = await openTemporary();
});
afterAll(() => database.close());
beforeEach(async () => {
  town = await Town.open(database.sql);
  // The network's client knows no other way to nodes.
  vi.stubGlobal('fetch', (url: string, init: never) => town.chain.fetch(url, init));
});

const POINTS = Array.from({ length: 120 }, (_, i) => (i % 9 === 0 ? 0 : 10 + i));

async function redeemed(): Promise<Map<string, bigint>> {
  const rows = await town.sql<{ id: string; redeemed: string }[]>`
    select account_id as id, redeemed::text as redeemed from ledger_accounts`;
  return new Map(rows.map(({ id, redeemed: units }) => [id, BigInt(units)]));
}

describe('a day of the mint', () => {
  it('enrols, cuts, opens, mints and settles on ten chains; every register is what the ledger redeemed', async () => {
    await town.people(POINTS);
    await town.close(DAY);
    const hub = town.hub();
    await town.until(at(DAY, 6) + 60_000, hub);
    const [epoch] = await hub.epochs.list(1);
    expect(epoch).toMatchObject({
      epoch: DAY,
      state: 'running',
      accounts: POINTS.filter((one) => one > 0).length,
    });
    await town.until(at(DAY, 8), hub);
    expect(await hub.faults.list()).toEqual([]);
    expect((await hub.epochs.get(DAY)).state).toBe('settled');
    const held = await redeemed();
    for (const [i, whole] of POINTS.entries()) {
      expect(held.get(Town.idOf(i)) ?? 0n).toBe(BigInt(whole) * POINT);
      if (whole > 0) expect(await town.register(i)).toBe(whole);
    }
    const report = await hub.reconciliation.run(DAY, { registers: true });
    const sum = POINTS.reduce((all, one) => all + one, 0);
    expect(report).toMatchObject({
      ...{ differences: [], points: { planned: sum, onChain: sum, redeemed: sum } },
      registers: POINTS.filter((one) => one > 0).length,
    });
    expect(await town.check()).toMatchObject({ identical: true, faults: [] });
  });
});
