import type { Mint } from '@stoa/hub/mint';
import type { DbAdapter } from '@stoa/hub/seams/db-adapter/index';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DAY, Town } from './town.ts';

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
  await town.people([5, 6, 7, 8]);
});

const MINUTE_MS = 60_000;

/** Ticks as often as a hub does. @returns since when each place was held up, as somebody saw it who looked at each tick. */
async function watched(hub: Mint, minutes: number): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const seen = new Map<string, Set<number>>();
  for (const end = town.now + minutes * MINUTE_MS; town.now < end; ) {
    town.chain.advance(5_000);
    await hub.sequencer.tick();
    const faults = new Map((await hub.faults.list()).map(({ place, since }) => [place, since]));
    for (const place of new Set([...faults.keys(), ...seen.keys()]))
      seen.set(place, (seen.get(place) ?? new Set()).add(faults.get(place) ?? Number.NaN));
  }
  return seen;
}

describe('what holds the mint up is held up since it began, for whoever pages, where', () => {
  it('preflights fail, in whichever words, and nodes are asked once a block', async () => {
    let asked = 0;
    const words = ['no such row', 'gas limit exceeded'];
    for (const node of town.nodes)
      node.preflight = async () => {
        asked += 1;
        if (asked % 7 === 0) throw new TypeError('fetch failed');
        return { gas: 1, failure: words[asked % 2] };
      };
    const seen = await watched(town.hub(), 12);
    const chains = [...seen].filter(([place]) => place.startsWith('chain '));
    expect(chains.length).toBeGreaterThan(0);
    for (const [place, since] of chains) expect([place, since.size]).toEqual([place, 1]);
    // Twice where it is short of gas.
    expect(asked).toBeLessThanOrEqual(24 * 2 * town.nodes.length * chains.length);
    expect(town.signer.signed.size).toBe(0);
  });

  it('no node takes a transaction, though it is sent but once a block', async () => {
    const fetch = town.chain.fetch;
    vi.stubGlobal('fetch', async (url: string, init: never) => {
      if (url.includes('/send')) throw new TypeError('fetch failed');
      return await fetch(url, init);
    });
    const seen = await watched(town.hub(), 12);
    const chains = [...seen].filter(([place]) => place.startsWith('chain '));
    expect(chains.length).toBeGreaterThan(0);
    for (const [place, since] of chains) expect([place, since.size]).toEqual([place, 1]);
  });
});

it('a wait that passes by itself does not count towards what comes after it', async () => {
  const { faults } = town.hub();
  for (const [at, code] of ['hours_open', 'hours_open', 'no_agreement', 'wrong_contract'].entries())
    await faults.tell('cut', { code, message: `at ${at}` }, at * MINUTE_MS);
  expect(await faults.list()).toMatchObject([{ code: 'wrong_contract', since: 2 * MINUTE_MS }]);
});

it('one node of three that never answers holds up nothing', async () => {
  const never = () => new Promise<never>(() => {});
  town.nodes.push({ name: 'silent', send: never, results: never, preflight: never, read: never });
  const hub = town.hub();
  await watched(hub, 8);
  const [enrolments] = await town.sql<{ all: number; mined: number }[]>`
    select count(*)::int as all, count(*) filter (where state in ('mined', 'final'))::int as mined from mint_batches where kind = 'enrol'`;
  expect(enrolments!.all).toBeGreaterThan(0);
  expect(enrolments!.mined).toBe(enrolments!.all);
});

it('what can not be read of one transaction keeps no other from being settled', async () => {
  await town.close(DAY);
  const hub = town.hub();
  await town.morning(hub);
  await town.until(town.now + 25 * MINUTE_MS, hub);
  for (const node of town.nodes) {
    const read = node.read.bind(node);
    node.read = async (chain, code, depth) => {
      if (code.includes('epoch-state')) throw new TypeError('fetch failed');
      return await read(chain, code, depth);
    };
  }
  await town.until(town.now + 95 * MINUTE_MS, hub, 120);
  const states = await town.sql<{ kind: string; state: string }[]>`
    select distinct kind, state from mint_batches where epoch = ${DAY} order by kind`;
  expect([...states]).toEqual([
    { kind: 'mint', state: 'settled' },
    { kind: 'open', state: 'final' },
  ]);
});
