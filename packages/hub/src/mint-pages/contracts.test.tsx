import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Acts } from './acts-panel.tsx';
import { HistoryPage } from './history-page.tsx';
import { readTroubles } from './index.ts';
import { publishedSweep } from './published.ts';
import { DAY, SweepRows } from './sweep-rows.fixture.ts';
import { SweepStore } from './sweep-store.ts';
import { SweepHead } from './theatre-page.tsx';

const FORMER = 'testnet n_a.register';

describe('contracts of the mint, as people see them', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let rows: SweepRows;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    rows = await SweepRows.open(database.sql);
    await rows.seat(30);
    await rows.cut(DAY, (i) => 10 * i);
  });

  const sweep = async () => (await new SweepStore(rows.sql).find(DAY))!;
  const acts = async () => String(<Acts sweep={await sweep()} />);
  /** Another one is adopted. */
  const adopt = async () =>
    await rows.sql`insert into mint_contracts (id, name, since, until)
      values (1, ${FORMER}, now(), now()), (2, 'stoa n_b.register', now(), null)`;

  it('a stopped enrolment goes on from the page of a day that is over, whenever it was signed', async () => {
    await rows.run(DAY, 'settled');
    await rows.end(DAY, 'settled');
    expect(await acts()).toBe('');
    await rows.bring(await rows.enrol(9, 0, 2), 'stopped', 'attempts_spent');
    await rows.sql`update mint_attempts set signed_at = signed_at - interval '3 days' where kind = 'enrol'`;
    expect(await acts()).toContain('Let what is stopped go on');
    expect(await acts()).not.toContain('Cancel the day');
    const stopped = async () => (await readTroubles(rows.sql, rows.now)).map(({ subject }) => subject);
    expect(await stopped()).toEqual(['enrolments']);
    await adopt();
    expect([await acts(), await stopped()]).toEqual(['', []]);
  });

  it('a day has the name of the one that it is of, in a list of several, on its page and for everybody', async () => {
    await adopt();
    const epochs = await new SweepStore(rows.sql).list(30);
    const view = { epochs, before: undefined, more: false, gas: [], now: rows.now };
    expect(String(<HistoryPage view={view} />)).not.toContain(FORMER);
    const later = { ...epochs[0]!, epoch: DAY + 1, contract: 'stoa n_b.register' };
    const both = String(<HistoryPage view={{ ...view, epochs: [later, ...epochs] }} />);
    expect(both).toContain(FORMER);
    expect(both).toContain(later.contract);
    expect(String(<SweepHead sweep={await sweep()} now={rows.now} />)).toContain(FORMER);
    expect(publishedSweep(await sweep())).toMatchObject({ contract: FORMER });
  });
});
