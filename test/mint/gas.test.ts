import { lackOf } from '@stoa/hub/mint';
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
});

describe('gas of the mint', () => {
  const tell = (gasOf: (gas: number) => number, nodes = town.nodes) => {
    for (const node of nodes) {
      const preflight = node.preflight.bind(node);
      node.preflight = async (chain, cmd) => {
        const { gas, failure } = await preflight(chain, cmd);
        return { gas: gasOf(gas), failure };
      };
    }
  };
  const mints = () => town.sql<{ model_gas: number; preflight_gas: number; gas: number; signed: number }[]>`
    select b.model_gas, b.preflight_gas, b.gas, a.gas_limit as signed from mint_batches b
      join mint_attempts a using (kind, epoch, chain, part) where b.epoch = ${DAY} and b.kind = 'mint'`;
  const mintDay = async (points: readonly number[]) => {
    await town.people(points);
    await town.close(DAY);
    const hub = town.hub();
    await town.morning(hub);
    await town.settle(hub, 2);
    expect((await hub.epochs.get(DAY)).state).toBe('settled');
  };

  it('is told by nodes before anything is signed, and kept beside the model and what it took', async () => {
    await mintDay([5, 6, 7, 8]);
    const all = await mints();
    expect(all.length).toBeGreaterThan(0);
    for (const { model_gas, preflight_gas, gas, signed } of all) {
      expect(preflight_gas).toBe(gas);
      expect(model_gas).toBeGreaterThanOrEqual(preflight_gas);
      expect(signed).toBe(Math.ceil(model_gas * 1.2));
    }
  });

  it('is signed for as nodes tell it, where that is more than the model says', async () => {
    tell((gas) => 2 * gas);
    await mintDay([5, 6]);
    for (const { model_gas, preflight_gas, signed } of await mints()) {
      expect(preflight_gas).toBeGreaterThan(model_gas);
      expect(signed).toBe(Math.ceil(preflight_gas * 1.2));
    }
  });

  it('is not sent under a limit of then, where nodes tell more since: the next attempt has it', async () => {
    await town.people([5]);
    await town.close(DAY);
    await town.morning(town.hub());
    await town.hub().cut.make(DAY, async () => {});
    // Signed, and the hub dies before it has the bytes.
    const sign = town.signer.sign.bind(town.signer);
    town.signer.sign = async (...by) => {
      await sign(...by);
      throw new Error('the answer is lost');
    };
    await town.until(town.now + 60_000, town.hub());
    town.signer.sign = sign;
    tell((gas) => 3 * gas);
    const hub = town.hub();
    await town.until(town.now + 5 * 60_000, hub);
    expect((await hub.faults.list()).map(({ code }) => code)).toContain('would_fail');
    expect(await town.sql`select 1 from mint_attempts where epoch = ${DAY} and sent_at is not null`).toEqual(
      [],
    );
    await town.until(town.now + 2 * 3_600_000, hub, 60);
    await town.settle(hub, 2);
    expect((await hub.epochs.get(DAY)).state).toBe('settled');
    expect(
      await town.sql`select attempt from mint_attempts
      where epoch = ${DAY} and kind = 'open' and sent_at is not null and attempt <> 1`,
    ).toEqual([]);
  });

  it('of its accounts is known ahead: who pays on which chain, what it has and what a week needs', async () => {
    await mintDay([5, 6, 7]);
    const { gasAccounts } = town.hub();
    const known = await gasAccounts.list();
    expect(known.map(({ chain }) => chain)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const { account, balance, needed, lowSince } of known) {
      expect(account).toBe(town.terms.sender);
      expect(needed).toBeCloseTo(1_500_000 * 1.1e-8, 12);
      expect(balance).toBeGreaterThan(needed);
      expect(lowSince).toBeUndefined();
    }
    town.terms = { ...town.terms, gasPrice: 0.001 };
    await town.until(town.now + 60_000, town.hub());
    const dear = await gasAccounts.list();
    expect(dear.map(lackOf)).toContainEqual(
      expect.stringMatching(/^chain 3: k:\S+ has \d+\.\d+ STOA for gas, 7 days need 1500\.0000: \d+/),
    );
    expect(dear[3]!.lowSince).toBeGreaterThan(known[3]!.readAt);
  });
});
