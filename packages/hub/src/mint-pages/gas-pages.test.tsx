import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GasAccountStore } from '#mint/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { GasDiffPanel } from './gas-diff-panel.tsx';
import { GasPanel } from './gas-panel.tsx';
import { readTroubles } from './index.ts';
import { Lane } from './lane.tsx';
import { DAY, SweepRows } from './sweep-rows.fixture.ts';
import { SweepStore } from './sweep-store.ts';

const NEEDED = 0.0165;

describe('gas of the mint, as people see it', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let rows: SweepRows;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    rows = await SweepRows.open(database.sql);
  });

  const words = (html: unknown) =>
    String(html)
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll('&#8211;', '–')
      .replaceAll(/\s+/g, ' ');
  const troubles = async (minutes = 1) =>
    (await readTroubles(rows.sql, rows.now + minutes * 60_000)).filter(({ rule }) => rule === 'mint-gas-low');
  const accounts = () => new GasAccountStore(rows.sql).list();

  it('warns once for each chain whose account runs low, until it has enough or nobody reads it any more', async () => {
    await rows.gas({ chain: 3, balance: 0.01, needed: NEEDED });
    await rows.gas({ chain: 4, balance: 1, needed: NEEDED });
    const since = rows.now;
    const [first, ...others] = await troubles();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ subject: 'gas, chain 3', label: 'Gas of the mint on chain 3', since });
    expect(first!.evidence).toContainEqual({ name: 'Missing', value: '0.0065 STOA' });
    rows.now += 600_000;
    await rows.gas({ chain: 3, balance: 0.009, needed: NEEDED });
    expect(await troubles()).toMatchObject([{ subject: 'gas, chain 3', since }]);
    expect(await troubles(25 * 60)).toEqual([]);
    await rows.gas({ chain: 3, balance: 2, needed: NEEDED });
    expect(await troubles()).toEqual([]);
  });

  it('names chain, account and what is missing; nothing where nobody mints', async () => {
    expect(String(<GasPanel accounts={await accounts()} now={rows.now} />)).toBe('');
    await rows.gas({ chain: 3, balance: 0.01, needed: NEEDED });
    await rows.gas({ chain: 4, balance: 1, needed: NEEDED });
    const told = words(<GasPanel accounts={await accounts()} now={rows.now} />);
    expect(told).toContain('Running low on chain 3:');
    expect(told).toMatch(/ 3 0.0100 STOA 0.0165 STOA 0.0065 STOA now k:[0-9a-f]{64}/);
    expect(told).toMatch(/ 4 1.0000 STOA 0.0165 STOA enough now k:[0-9a-f]{64}/);
  });

  it('has what nodes said beside the model, once they were asked', async () => {
    await rows.seat(20);
    await rows.cut(DAY, (i) => 5 + i);
    const sweep = async () => (await new SweepStore(rows.sql).find(DAY))!;
    const lane = async () =>
      words(
        <Lane
          view={{
            sweep: await sweep(),
            chain: 2,
            head: undefined,
            links: { template: undefined },
            now: rows.now,
          }}
        />,
      );
    expect(await lane()).toContain('Preflight –');
    await rows.bring({ kind: 'mint', epoch: DAY, chain: 2, part: 0 }, 'mined');
    expect(await lane()).toMatch(/Preflight [\d,]+, model \d+ % above/);
    const diff = words(<GasDiffPanel sweep={await sweep()} />);
    expect(diff).toMatch(/ 2 Batch 0 [\d,]+ [\d,]+, model \d+ % above [\d,]+ [\d,]+/);
    expect(diff).toMatch(/ 3 Batch 0 [\d,]+ – – –/);
  });
});
