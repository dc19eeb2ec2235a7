/** A rehearsal on one contract, and value on another: of the same hub and database. */
import { ContractGuard, createReconciliation } from '@stoa/hub/mint';
import type { DbAdapter } from '@stoa/hub/seams/db-adapter/index';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { at, DAY, LIVE, MODULE, Town } from './town.ts';

let database: DbAdapter;
let town: Town;
beforeAll(async () => {
  database = await openTemporary();
});
afterAll(() => database.close());
beforeEach(async () => {
  town = await Town.open(database.sql);
  vi.stubGlobal('fetch', (url: string, init: never) => town.chain.fetch(url, init));
});

const NAMES = {
  former: `simulated ${MODULE.namespace}.register`,
  live: `simulated ${LIVE.namespace}.register`,
};
const REHEARSED = [30, 40, 0, 50];
const EARNED = [7, 0, 9, 11];

/** Whatever was ever signed for each contract. */
async function signed(contract: number): Promise<string[]> {
  const rows = await town.sql<{ key: string }[]>`
    select request_key as key from mint_attempts where contract = ${contract} order by 1`;
  return rows.map(({ key }) => key);
}

/** Every account has its slot of the contract, in a block, once. */
async function enrolments(contract: number) {
  return await town.sql<{ accounts: number; enrolled: number }[]>`
    select count(*)::int as accounts, count(distinct account_id)::int as enrolled
    from mint_slots where contract = ${contract} and state = 'final'`;
}

async function rehearsed() {
  await town.people(REHEARSED);
  await town.close(DAY);
  const hub = town.hub();
  await town.morning(hub);
  await hub.sequencer.tick();
  return hub;
}

const refused = (code: string, words: string) =>
  expect(town.adopt()).rejects.toMatchObject({ code, message: expect.stringContaining(words) });

it('goes live on another contract: accounts are enrolled there anew and minted to once, and nothing more goes to the former', async () => {
  const rehearsal = await rehearsed();
  town.set(LIVE);
  await refused('contract_in_use', `2026-11-26 is running on ${NAMES.former}`);
  await rehearsal.sequencer.release();
  town.set(MODULE);
  const former = town.hub();
  await town.settle(former, 2);
  town.set(LIVE);
  await refused('not_reset', 'since 2026-11-26 was minted');
  const before = await signed(1);

  await town.reset('live');
  expect(await town.adopt()).toMatchObject({
    from: NAMES.former,
    to: NAMES.live,
  });
  expect(await town.adopt()).toBeUndefined();

  await town.people(EARNED);
  await town.close(DAY + 1);
  const live = town.hub();
  await town.until(at(DAY + 1, 6) - 20 * 60_000, live, 1_200);
  for (; town.now < at(DAY + 1, 8); town.chain.advance(town.now < at(DAY + 1, 7) ? 30_000 : 120_000)) {
    // A hub with the former setting still runs, and comes first.
    await former.sequencer.tick();
    await live.sequencer.tick();
  }
  expect(await live.epochs.get(DAY + 1)).toMatchObject({ state: 'settled', mode: 'live', points: 27 });
  for (const [i, points] of EARNED.entries())
    if (points > 0) expect(await town.register(i, LIVE)).toBe(points);
  for (const [i, points] of REHEARSED.entries())
    if (points > 0) expect(await town.register(i, MODULE)).toBe(points);
  expect(await signed(1)).toEqual(before);
  expect(await enrolments(1)).toEqual([{ accounts: 3, enrolled: 3 }]);
  expect(await enrolments(2)).toEqual([{ accounts: 3, enrolled: 3 }]);
  expect(await live.reconciliation.run(DAY + 1, { registers: true })).toMatchObject({
    ...{ differences: [], registers: 3, points: { planned: 27, onChain: 27, redeemed: 27 } },
  });
  expect(await town.check()).toMatchObject({ identical: true, faults: [] });
});

it('a day of the former contract is read as one of it, and verified by whoever is set to that one', async () => {
  const hub = await rehearsed();
  await town.settle(hub, 2);
  await hub.sequencer.release();
  const { terms } = town;
  town.set(LIVE);
  await town.reset('live');
  await town.adopt();
  const live = town.hub();
  expect(await live.epochs.get(DAY)).toMatchObject({ contract: NAMES.former });
  await expect(live.reconciliation.run(DAY, { registers: false })).rejects.toMatchObject({
    ...{
      code: 'other_contract',
      message: expect.stringContaining(`is of ${NAMES.former}, and can't be held against ${NAMES.live}`),
    },
  });
  const chain = { sql: town.sql, nodes: town.nodes, quorum: 2, terms };
  const of = createReconciliation(live, chain);
  expect(await of.run(DAY, { registers: false })).toMatchObject({
    differences: [],
    points: { onChain: 120 },
  });
  await expect(of.run(DAY, { registers: true })).rejects.toMatchObject({ code: 'other_contract' });
});

it('comes back to a contract with the slots that it has there', async () => {
  const hub = await rehearsed();
  await town.settle(hub, 2);
  await hub.sequencer.release();
  const before = await signed(1);
  town.set(LIVE);
  await town.reset('shadow');
  await town.adopt();
  const typo = new ContractGuard({ sql: town.sql, terms: { ...town.terms, module: 'typo' } });
  await expect(typo.require(async () => {}, town.now)).rejects.toMatchObject({ code: 'other_contract' });
  town.set(MODULE);
  await town.adopt();
  await town.people(REHEARSED);
  await town.until(town.now + 30 * 60_000, town.hub());
  expect(await signed(1)).toEqual(before);
  expect(await enrolments(1)).toEqual([{ accounts: 3, enrolled: 3 }]);
});

it('keeps no signature that comes after another contract was adopted, and sends nothing of it', async () => {
  const former = town.hub();
  // The day before is empty, and comes to its end; that of today is not cut while its hours are open.
  await town.until(at(DAY, 7), former);
  await town.people(REHEARSED);
  const { signer } = town;
  const sign = signer.sign.bind(signer);
  let adopted = 0;
  signer.sign = async (...by) => {
    const command = await sign(...by);
    if ((await town.adopt()) !== undefined) adopted += 1;
    return command;
  };
  const { signed: known } = signer;
  const { size } = known;
  const before = await signed(1);
  town.terms = { ...town.terms, namespace: LIVE.namespace, moduleHash: LIVE.moduleHash };
  await town.until(town.now + 15 * 60_000, former);
  expect(adopted).toBe(1);
  expect(known.size).toBeGreaterThan(size);
  expect(await signed(1)).toEqual(before);
  expect(await enrolments(1)).toEqual([{ accounts: 0, enrolled: 0 }]);
});

it('refuses a contract that has slots of others', async () => {
  const hub = await rehearsed();
  await town.settle(hub, 2);
  await town.sql`truncate mint_attempts, mint_batches, mint_plans, mint_chains, mint_epochs, mint_slots, mint_contracts cascade`;
  await town.sql`insert into mint_contracts (id, name, since) values (1, 'elsewhere', now())`;
  await refused('other_slots', 'this database knows 0 of them');
});
