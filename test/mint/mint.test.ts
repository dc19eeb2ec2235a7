import { ContractGuard } from '@stoa/hub/mint';
import type { DbAdapter } from '@stoa/hub/seams/db-adapter/index';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { POINT } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRandom } from '../chainweb/index.ts';
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
    await town.morning(hub);
    await hub.sequencer.tick();
    const [epoch] = await hub.epochs.list(1);
    expect(epoch).toMatchObject({
      epoch: DAY,
      state: 'running',
      accounts: POINTS.filter((one) => one > 0).length,
    });
    await town.settle(hub, 2);
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

describe('whatever happens meanwhile', () => {
  const started = async (points = POINTS.slice(0, 40)) => {
    await town.people(points);
    await town.close(DAY);
    return points;
  };
  /** Every account has what it earned, once, on chain and in the ledger. */
  const isWhole = async (points: readonly number[]) => {
    const hub = town.hub();
    expect((await hub.epochs.get(DAY)).state).toBe('settled');
    const report = await hub.reconciliation.run(DAY, { registers: true });
    const sum = points.reduce((all, one) => all + one, 0);
    expect(report).toMatchObject({ differences: [], points: { planned: sum, onChain: sum, redeemed: sum } });
    expect(await town.check()).toMatchObject({ identical: true, faults: [] });
  };

  it('two hubs at once mint once, and others go on where they are killed', async () => {
    const points = await started();
    let hubs = [town.hub(), town.hub()];
    await town.morning(hubs[0]!);
    for (let tick = 0; town.now < at(DAY, 8); tick += 1) {
      town.chain.advance(town.now < at(DAY, 6) + 25 * 60_000 ? 30_000 : 120_000);
      await Promise.all(hubs.map(({ sequencer }) => sequencer.tick()));
      // The leases of those who are gone end by themselves.
      if (tick % 17 === 0) hubs = [town.hub(), hubs[0]!];
    }
    await isWhole(points);
    expect(await town.sql`select attempt from mint_attempts where attempt > 0`).toEqual([]);
  });

  it('processes that end in the midst of anything, and the next ones go on', async () => {
    const points = await started();
    await town.morning(town.hub());
    const random = createRandom(11);
    while (town.now < at(DAY, 6) + 40 * 60_000) {
      const hub = town.hub({ dies: Math.floor(random() * 120) });
      await town.until(town.now + 60_000, hub);
    }
    await town.settle(town.hub(), 2);
    await isWhole(points);
  });

  it('reorganisations of the chains, 4 to 20 blocks deep, with their transactions lost', async () => {
    const points = await started();
    const hub = town.hub();
    await town.morning(hub);
    for (const depth of [4, 8, 20]) {
      await town.until(town.now + 4 * 60_000, hub);
      // The new branch holds nothing.
      town.chain.network.reorganise(depth, () => []);
    }
    await town.settle(hub, 2);
    await isWhole(points);
  });

  it('nodes that take what they are sent and whose answer is lost', async () => {
    const points = await started();
    const hub = town.hub();
    const { fetch } = town.chain;
    await town.morning(hub);
    // Each eleventh would be the same one of each tick, for hours.
    const random = createRandom(12);
    vi.stubGlobal('fetch', async (url: string, init: never) => {
      const answer = await fetch(url, init);
      if (url.includes('/send') || random() < 1 / 11) throw new TypeError('fetch failed');
      return answer;
    });
    await town.settle(hub, 2);
    vi.stubGlobal('fetch', fetch);
    await isWhole(points);
  });
});

describe('nothing is sent, and the mismatch is named, where', () => {
  /** A day that is cut, and what was signed by then: enrolments, and the day before, which was empty. */
  const cutDay = async () => {
    await town.people([5, 6, 7]);
    await town.close(DAY);
    await town.morning(town.hub());
    await town.hub().cut.make(DAY, async () => {});
    return town.signer.signed.size;
  };
  const refused = async (code: string, signed: number) => {
    const hub = town.hub();
    await town.until(town.now + 90_000, hub);
    const faults = await hub.faults.list();
    expect(faults.map((fault) => fault.code)).toContain(code);
    expect(town.signer.signed.size).toBe(signed);
    expect(await town.sql`select 1 from mint_attempts where epoch = ${DAY}`).toEqual([]);
  };

  it.each([
    ['plan_changed', `update mint_plans set sum = sum + 1`],
    ['plan_changed', `update mint_chains set cap = cap + 1 where chain = 3`],
    ['account_moved', `update mint_slots set chain = (chain + 1) % 10, slot = slot + 50`],
    ['ledger_changed', `update mint_slots set slot = slot + 50`],
    ['ledger_changed', `update mint_epochs set cut_hash = '\\x00'`],
  ])('%s: %s', async (code, statement) => {
    const signed = await cutDay();
    await town.sql.unsafe(statement);
    await refused(code, signed);
  });

  it('wrong_contract: the chains have another version of it', async () => {
    const signed = await cutDay();
    town.terms = { ...town.terms, moduleHash: 'x'.repeat(43) };
    await refused('wrong_contract', signed);
  });

  it.each([
    ['namespace', `n_${'1'.repeat(40)}`],
    ['module', 'elsewhere'],
    ['networkId', 'testnet'],
  ] as const)('other_contract: slots and an open day are of another %s', async (field, other) => {
    const signed = await cutDay();
    const before = town.terms;
    town.terms = { ...before, [field]: other };
    await refused('other_contract', signed);
    const [fault] = await town.hub().faults.list();
    const { networkId, namespace, module } = before;
    expect(fault!.message).toContain(`are of ${networkId} ${namespace}.${module}; this hub is set to`);
    expect(fault!.message).toContain('the open day');
    town.terms = before;
    await town.settle(town.hub(), 2);
    expect((await town.hub().epochs.get(DAY)).state).toBe('settled');
  });

  it('an upgrade is the same contract, and what nothing was signed of may become of another one', async () => {
    const bind = (terms: typeof town.terms) =>
      new ContractGuard({ sql: town.sql, terms }).require(async () => {}, town.now);
    await bind({ ...town.terms, module: 'typo' });
    await bind(town.terms);
    await cutDay();
    await bind({ ...town.terms, moduleHash: 'x'.repeat(43) });
    await expect(bind({ ...town.terms, module: 'typo' })).rejects.toMatchObject({ code: 'other_contract' });
  });

  it('signer_unreachable: nobody signs', async () => {
    await cutDay();
    const { signer } = town;
    const sign = signer.sign.bind(signer);
    signer.sign = () =>
      Promise.reject(Object.assign(new Error('no signer at its socket'), { code: 'signer_unreachable' }));
    const hub = town.hub();
    await town.until(town.now + 90_000, hub);
    expect((await hub.faults.list()).map(({ code }) => code)).toContain('signer_unreachable');
    expect(await town.sql`select 1 from mint_attempts where epoch = ${DAY}`).toEqual([]);
    signer.sign = sign;
    await town.settle(hub, 2);
    expect((await hub.epochs.get(DAY)).state).toBe('settled');
  });

  it('wrong_network: nodes are of another one', async () => {
    const signed = await cutDay();
    for (const node of town.chain.nodes) node.settings = { ...node.settings, networkId: 'mainnet01' };
    await refused('wrong_network', signed);
  });

  it('gas_account: whoever pays has too little', async () => {
    const signed = await cutDay();
    town.terms = { ...town.terms, gasPrice: 0.9 };
    await refused('gas_account', signed);
  });

  it('gas_account: told anew by whoever leads again, and cleared of what others told', async () => {
    await cutDay();
    const [one, two] = [town.hub(), town.hub()];
    const lead = async (hub: typeof one, gasPrice: number, minutes = 1) => {
      town.terms = { ...town.terms, gasPrice };
      await town.until(town.now + minutes * 60_000, hub);
      const codes = (await hub.faults.list()).map(({ code }) => code);
      await hub.sequencer.release();
      return codes;
    };
    town.terms = { ...town.terms, gasPrice: 0.9 };
    const poor = town.hub();
    expect(await lead(poor, 0.9)).toContain('gas_account');
    expect(await lead(one, 1.1e-8)).toEqual([]);
    // Until openings are final, and batches are to be signed.
    expect(await lead(poor, 0.9, 8)).toContain('gas_account');
    expect(await lead(two, 1.1e-8)).toEqual([]);
  });

  it('no_agreement: of two nodes one answers', async () => {
    const signed = await cutDay();
    const gone = () => Promise.reject(new Error('fetch failed'));
    town.nodes[1] = { name: 'gone', read: gone, results: gone, preflight: gone, send: gone };
    await refused('no_agreement', signed);
  });

  it('would_fail: the contract would refuse, before anybody signs', async () => {
    const signed = await cutDay();
    for (const node of town.nodes) {
      const preflight = node.preflight.bind(node);
      node.preflight = async (chain, cmd) => {
        const told = await preflight(chain, cmd);
        return cmd.includes('open-epoch') ? { ...told, failure: 'epoch is not a day of the window' } : told;
      };
    }
    await refused('would_fail', signed);
  });

  it('wrong_signature: the signer signs something else, or with another key', async () => {
    await cutDay();
    const { signer } = town;
    const sign = signer.sign.bind(signer);
    const named = async () => {
      const hub = town.hub();
      await town.until(town.now + 60_000, hub);
      expect((await hub.faults.list()).map(({ code }) => code)).toContain('wrong_signature');
      expect(await town.sql`select 1 from mint_attempts where epoch = ${DAY}`).toEqual([]);
    };
    signer.sign = (act, setting) => sign(act, { ...setting, sender: `k:${'0'.repeat(64)}` });
    await named();
    signer.signed.clear();
    signer.sign = async (act, setting) => ({
      ...(await sign(act, setting)),
      sigs: [{ sig: '0'.repeat(128) }],
    });
    await named();
  });
});

describe('a day that is given up', () => {
  it('closes on its chains, gives back what was not minted, and the next day mints it', async () => {
    const points = [50, 60, 70, 80, 90, 100];
    await town.people(points);
    await town.close(DAY);
    const hub = town.hub();
    await town.morning(hub);
    const [first] = await town.sql<
      { chain: number }[]
    >`select chain from mint_slots where account_id = ${Town.idOf(0)}`;
    let stuck = first!.chain;
    // Of the chain of the first account no batch gets through.
    for (const node of town.nodes) {
      const send = node.send.bind(node);
      node.send = (chain, command) =>
        chain === stuck && command.cmd.includes('update-registers')
          ? Promise.resolve()
          : send(chain, command);
    }
    await town.until(at(DAY, 6) + 20 * 60_000, hub);
    await town.sql.begin((tx) => hub.intervention.cancel(tx, DAY));
    await town.until(at(DAY, 10), hub, 120);
    expect((await hub.epochs.get(DAY)).state).toBe('cancelled');
    const onStuck = await town.sql<
      { id: string }[]
    >`select account_id as id from mint_slots where chain = ${stuck}`;
    const held = await redeemed();
    for (const [i, whole] of points.entries()) {
      const left = onStuck.some(({ id }) => id === Town.idOf(i));
      expect(held.get(Town.idOf(i))).toBe(left ? 0n : BigInt(whole) * POINT);
      expect(await town.register(i)).toBe(left ? 0 : whole);
    }
    expect(await town.sql`select sum(minting)::text as minting from ledger_accounts`).toEqual([
      { minting: '0' },
    ]);
    expect(await town.check()).toMatchObject({ identical: true, faults: [] });
    stuck = -1;
    await town.close(DAY + 1);
    town.chain.advance(at(DAY + 1, 6) + 60_000 - town.now);
    await town.settle(town.hub(), 2);
    expect((await hub.epochs.get(DAY + 1)).state).toBe('settled');
    for (const [i, whole] of points.entries()) expect(await town.register(i)).toBe(whole);
  });

  it('waits where it could still be opened, and holds up no other day that is given up', async () => {
    await town.people([50, 60]);
    await town.close(DAY);
    const hub = town.hub();
    await town.morning(hub);
    for (const node of town.nodes) {
      const send = node.send.bind(node);
      node.send = (chain, command) =>
        command.cmd.includes('open-epoch') ? Promise.resolve() : send(chain, command);
    }
    await town.until(at(DAY, 6) + 20 * 60_000, hub);
    await town.sql.begin((tx) => hub.intervention.cancel(tx, DAY));
    await town.close(DAY + 1);
    town.chain.advance(at(DAY + 1, 6) + 60_000 - town.now);
    await town.until(town.now + 5 * 60_000, hub);
    await town.sql.begin((tx) => hub.intervention.cancel(tx, DAY + 1));
    await town.until(town.now + 90 * 60_000, hub, 120);
    expect((await hub.epochs.get(DAY)).state).toBe('cancelling');
    expect((await hub.epochs.get(DAY + 1)).state).toBe('cancelled');
    expect(await town.sql`select code from mint_faults where place like 'cancel %'`).toEqual([
      { code: 'not_dead' },
    ]);
    expect(await town.sql`select kind from mint_batches where kind = 'close'`).toEqual([]);
    expect(await town.sql`select sum(minting)::text as minting from ledger_accounts`).toEqual([
      { minting: String(110n * POINT) },
    ]);
  });

  it('gives nothing back that is minted, where the database is from before it was signed', async () => {
    const { sql } = town;
    await town.people([50, 60]);
    await town.close(DAY);
    await town.morning(town.hub());
    await town.hub().cut.make(DAY, async () => {});
    const tables = ['mint_batches', 'mint_attempts'];
    for (const table of tables) await sql.unsafe(`create table backup_${table} as table ${table}`);
    await town.until(at(DAY, 6) + 30 * 60_000, town.hub());
    for (const i of [0, 1]) expect(await town.register(i)).toBe([50, 60][i]);
    await sql`truncate mint_attempts, mint_batches`;
    for (const table of tables)
      await sql.unsafe(`insert into ${table} overriding system value select * from backup_${table};
        drop table backup_${table}`);
    const restored = town.hub();
    await sql.begin((tx) => restored.intervention.cancel(tx, DAY));
    town.chain.advance(at(DAY + 4, 6) + 60_000 - town.now);
    await town.until(town.now + 5 * 60_000, restored);
    expect((await restored.epochs.get(DAY)).state).toBe('cancelling');
    expect(await sql`select code, message from mint_faults where place like 'cancel %'`).toMatchObject([
      {
        code: 'chain_differs',
        message: expect.stringMatching(/with [56]0 points minted, here not open with 0 settled/),
      },
    ]);
    const [held] = await sql`select sum(minting)::text as minting from ledger_accounts`;
    expect(held).toEqual({ minting: String(110n * POINT) });
  });
});
