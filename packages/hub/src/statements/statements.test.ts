import { makeParties, NOW, type Parties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLedgerTools, type EventDraft } from '#ledger/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createStatements, verifyStatement } from './index.ts';

const ANN = 'ann@x.example';
const OWNER = 'a'.repeat(32);

describe('yearly statements', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let parties: Parties;
  let email = ANN;
  const clock = { time: 0, now: () => clock.time };

  beforeAll(async () => {
    database = await openTemporary();
    parties = makeParties('statements');
    clock.time = Date.UTC(2025, 10, 26);
    const { sql } = database;
    await sql`insert into payout_people (email, owner_id) values (${ANN}, ${OWNER})`;
    const { book } = createLedgerTools({ sql, clock });
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      c.set('viewer', someViewer(email, 'operator'));
      await next();
    });
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
    const signer = { key: parties.keys.instance, chain: () => parties.chain };
    createStatements({ sql, clock, signer, guard: async (_c, next) => next() }).mount(app);
    await book.begin();
    const hour = Math.floor(clock.time / 3_600_000);
    const earned = (kind: EventDraft['kind'], amount: bigint, ref: string): EventDraft => ({
      ...{ kind, hour, revision: 0, nodeId: '', accountId: OWNER, ref, amount, ownerId: OWNER },
      basis: { minutes: 0n, microScore: 0, scoreVersion: 0 },
    });
    for (const [day, drafts] of [
      [0, [earned('accrual', 3n * POINT + 1n, '1'), earned('donation', 10n * POINT, '2')]],
      [1, [earned('accrual', POINT, '3'), earned('adjustment', -POINT, '4')]],
      [40, [earned('accrual', 5n * POINT, '5')]],
    ] as const) {
      clock.time = Date.UTC(2025, 10, 26 + day);
      await book.open(hour, ({ append }) => append(drafts));
    }
    clock.time = NOW;
  }, 60_000);
  afterAll(() => database.close());

  const file = async (name: string) => (await app.request(`/earnings/statements/${name}`)).text();
  const verify = (text: string) => verifyStatement(text, { crypto: nodeCrypto });

  it('say what was written in a year, to the last decimal, and are verified without a hub', async () => {
    for (const form of ['json', 'html']) {
      const report = verify(await file(`2025.${form}`));
      expect(report).toMatchObject({ ok: true, problems: [] });
      expect(report.statement).toMatchObject({
        ...{ year: 2025, person: ANN, mode: 'TEST', ledger: { sequence: 5 } },
        totals: { accrual: '4.000000000001', adjustment: '-1', donation: '10' },
        days: [
          { day: '2025-11-26', events: 2 },
          { day: '2025-11-27', events: 2 },
        ],
      });
    }
    expect(verify(await file('2026.json')).statement?.totals).toEqual({ accrual: '5' });
    expect(await file('2025.csv')).toContain('2025-11-26,ann@x.example,accrual,3.000000000001,2,');
    expect((await app.request('/earnings/statements/2027.html')).status).toBe(404);
    const list = await (await app.request('/earnings/statements')).text();
    expect([...list.matchAll(/statements\/(\d{4})\.html/g)].map(([, year]) => year)).toEqual([
      '2026',
      '2025',
    ]);
    email = 'bob@x.example';
    expect(verify(await file('2025.html')).statement?.days).toEqual([]);
    expect(await (await app.request('/earnings/statements')).text()).toContain('written nothing for you');
    email = ANN;
  });

  it('tell any change of a character, on the page as in what was signed, and another root', async () => {
    const page = await file('2025.html');
    const json = await file('2025.json');
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), (onPage, at) => {
        const text = onPage ? page : json.trimEnd();
        const place = at % text.length;
        const changed = `${text.slice(0, place)}${text[place] === '1' ? '2' : '1'}${text.slice(place + 1)}`;
        expect(verify(changed).ok, `character ${place} of ${onPage ? 'the page' : 'the file'}`).toBe(false);
      }),
      { numRuns: 300 },
    );
    expect(verify(page.replace('10</td>', '1000</td>')).problems).toMatchObject([{ code: 'other_page' }]);
    const elsewhere = verifyStatement(json, { crypto: nodeCrypto, rootFingerprint: new Uint8Array(32) });
    expect(elsewhere.ok).toBe(false);
  });
});
