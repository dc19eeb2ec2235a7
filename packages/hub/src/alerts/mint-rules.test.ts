import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { AlertWorld, START } from './evaluator.fixture.ts';
import type { MintTrouble } from './region-watch.ts';
import { pathOf } from './rule.ts';

describe('alerts of the mint', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  it('tells admins of a mint that is stopped, and of what holds one up once that has lasted ten minutes', async () => {
    const world = await AlertWorld.start(database.sql);
    const about = { since: START, evidence: [{ name: 'Fault', value: 'no_agreement' }] };
    let troubles: MintTrouble[] = [
      { rule: 'mint-stopped', subject: '2026-11-25', label: 'The mint of 2026-11-25', ...about },
      { rule: 'mint-held-up', subject: 'chain 3', label: 'The mint, chain 3', ...about },
    ];
    const evaluator = world.evaluator({ mintTroubles: async () => troubles });
    await world.pass(5, evaluator);
    expect(await world.tale()).toEqual(['0.5 admin firing mint-stopped']);
    await world.pass(20, evaluator);
    troubles = [];
    await world.pass(20, evaluator);
    expect((await world.tale()).map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
      'admin firing mint-stopped',
      'admin firing mint-held-up',
      'admin recovered mint-stopped',
      'admin recovered mint-held-up',
    ]);
  });

  it('lead to the page of the day, or to that of all days', () => {
    expect(pathOf('mint-late', '2026-11-25')).toBe('/admin/mint/2026-11-25');
    expect(pathOf('mint-held-up', 'chain 3')).toBe('/admin/mint');
  });
});
