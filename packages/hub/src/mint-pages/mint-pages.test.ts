import { seal } from '@stoa/protocol';
import { chainDigest, deltasDigest, parseDeltas, planHash, requestKey } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { planApprovalKind } from '@stoa/signer/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import { MintFault } from '#mint/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import type { Viewer } from '../viewer.ts';
import type { SweepActs } from './desk.ts';
import { createMintPages, type MintPages, readTroubles } from './index.ts';
import type { PublishedSweep } from './published.ts';
import { DAY, SweepRows, type Where } from './sweep-rows.fixture.ts';

const NAME = '2026-11-26';
const ADMIN = '/admin/mint';
const MINTS = '/explorer/mints';

describe('pages of the mint', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let assets: Assets;
  let rows: SweepRows;
  let app: HubApp;
  let pages: MintPages;
  let viewer: Viewer;
  let told: string[];
  let heads: { chain: number; height: number; hash: string; at: number }[];
  const clock = { now: () => rows.now, after: () => () => undefined };

  beforeAll(async () => {
    database = await openTemporary();
    assets = await Assets.load();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate audit_log cascade`;
    rows = await SweepRows.open(database.sql);
    viewer = { ...someViewer('ada@stoa.example', 'ancient'), confirmedAt: Number.MAX_SAFE_INTEGER };
    told = [];
    heads = [];
    open();
  });

  function open({ acts }: { acts: SweepActs | undefined } = { acts: recording() }): void {
    const { sql } = database;
    pages = createMintPages({
      ...{ sql, acts, clock, audit: new AuditLog({ sql, clock }), heads: { heads: () => heads } },
      links: { template: 'https://chain.example/{chain}/{key}' },
      origin: 'https://hub.example',
      guard: async (c, next) => {
        c.set('viewer', viewer);
        await next();
      },
    });
    app = createHttpApp({
      ...{ features: pages.features, assets, site: { region: 'eu', network: 'stoa' }, clock, secure: false },
      log: pino({ level: 'silent' }),
    });
  }

  function recording(): SweepActs {
    return {
      async resume(_tx, epoch) {
        told.push(`resume ${epoch}`);
        return { transactions: 1, left: 0 };
      },
      async cancel(_tx, epoch) {
        if (told.includes(`cancel ${epoch}`)) throw new MintFault('not_dead', 'it may still be mined');
        told.push(`cancel ${epoch}`);
      },
    };
  }

  const page = async (path: string) => {
    const answer = await app.request(path);
    return { status: answer.status, html: await answer.text(), headers: answer.headers };
  };
  const main = (html: string) => html.slice(html.indexOf('<main'), html.indexOf('</main>'));
  /** Without marks: what a reader reads. */
  const words = (html: string) =>
    main(html)
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ');
  const post = (path: string, form: Record<string, string>) =>
    app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(form).toString(),
    });
  const approve = (approval: Uint8Array) =>
    rows.sql`insert into mint_approvals (epoch, approval_id, approval, received_at)
      values (${DAY}, ${deltasDigest(String(approval))}, ${Buffer.from(approval)}, ${new Date(rows.now)})`;
  const batch = (chain: number, epoch = DAY): Where => ({ kind: 'mint', epoch, chain, part: 0 });
  /** Thirty accounts, three a chain; account i has 10 i points, so nobody earns in slot 0 of chain 0. */
  const cut = async () => {
    await rows.seat(30);
    await rows.cut(DAY, (i) => 10 * i);
  };

  it('begins by saying what a mint takes, and lists days by pages of thirty', async () => {
    expect(words((await page(ADMIN)).html)).toContain('No day was cut yet');
    expect(words((await page(MINTS)).html)).toContain('Nothing was minted yet');
    await rows.seat(1);
    for (let day = DAY - 31; day <= DAY; day += 1) await rows.cut(day, () => 1);
    const first = await page(ADMIN);
    expect(words(first.html)).toContain(NAME);
    expect(first.html.match(/<tr>/g)).toHaveLength(31);
    const next = /rel="next" href="([^"]+)"/.exec(first.html)![1]!;
    const second = words((await page(next)).html);
    expect(second).toContain('2026-10-26');
    expect(second).not.toContain('2026-10-28');
    expect((await page(`${ADMIN}?before=2026-02-30`)).status).toBe(400);
  });

  it('times a sweep by what its transactions did, and shows what is not yet as not yet', async () => {
    await cut();
    await rows.run(DAY, 'final');
    const running = words((await page(ADMIN)).html);
    expect(running).toMatch(/2026-11-26 TEST running 4,350 29 20 [\d,]+ 06:20:06 \+\d+ s \+4 min &#8211;/);
    await rows.run(DAY, 'settled');
    rows.now += 3_700_000;
    await rows.end(DAY, 'settled');
    expect(words((await page(ADMIN)).html)).toMatch(/settled 4,350 29 20 .* \+61 min/);
  });

  it('shows each chain where it stands: stations, block and depth, gas, bytes, attempts, key to copy and to look up', async () => {
    await cut();
    heads = [{ chain: 3, height: rows.height + 9, hash: '', at: 0 }];
    await rows.bring(batch(3), 'mined');
    await rows.bring(batch(4), 'sent');
    await rows.retry(batch(4));
    const { html } = await page(`${ADMIN}/${NAME}`);
    const lane = (chain: number) =>
      html.slice(html.indexOf(`id="lane-${chain}"`), html.indexOf(`id="lane-${chain + 1}"`));
    const three = lane(3)
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ');
    expect(three).toContain('mined, 4 deep');
    expect(three).toContain('4,812,005');
    expect(three).toMatch(/Gas [\d,]+ of [\d,]+/);
    expect(three).toContain('1 of 5');
    const [attempt] = await rows.sql<{ request_key: string }[]>`
      select request_key from mint_attempts where chain = 3 and kind = 'mint'`;
    expect(lane(3)).toContain(`https://chain.example/3/${attempt!.request_key}`);
    expect(lane(3).match(/is-done/g)).toHaveLength(3);
    expect(lane(4)).toContain('2 of 5');
    expect(lane(4)).toMatch(/is-now" aria-current="step">planned/);
    expect(lane(0)).toContain('aria-current="step">planned');
    expect(words(html)).toContain('10 batches, 10 openings, 1 retry');
  });

  it('names why a transaction is stopped, above all, and counts enrolments of the day apart', async () => {
    await cut();
    await rows.bring(await rows.enrol(5, 3, 2), 'sent');
    await rows.bring(batch(8), 'sent');
    await rows.bring(batch(8), 'stopped', 'other_content');
    const told = words((await page(`${ADMIN}/${NAME}`)).html);
    expect(told).toContain('One transaction is stopped');
    expect(told).toContain('the chain shows another content under its name');
    expect(told).toContain('Enrolment of 2 slots from 3');
    expect(told).toContain('1 enrolment');
  });

  it('says who waits and for what', async () => {
    await rows.wait('stranger', 12);
    await rows.wait('allotted', 7, { state: 'allotted', chain: 1, slot: 0 });
    await rows.wait('enrolled', 5, { state: 'enrolled', chain: 2, slot: 0 });
    await rows.cut(DAY, () => 0);
    const told = words((await page(`${ADMIN}/${NAME}`)).html);
    expect(told).toContain('3 accounts with a whole point were left out');
    expect(told).toMatch(
      /Its slot is not on chain yet 1 7 .*Its slot is on chain, not final yet 1 5 .*Nobody proved to hold the account 1 12/,
    );
    expect(told).toContain('Nobody earned here');
  });

  it('says what holds the mint up, in its lane or above all, and whose word the plan has', async () => {
    await cut();
    await rows.sql`insert into mint_faults (place, code, message, since) values
      ('cut', 'chain_differs', 'chain 4: batch 0 is not there', now()), ('chain 6', 'no_agreement', 'one of two nodes answered', now())`;
    expect(words((await page(`${ADMIN}/${NAME}`)).html)).toContain('Nobody has approved this plan yet');
    const [{ plan_hash: hash } = { plan_hash: '' }] = await rows.sql<
      { plan_hash: string }[]
    >`select plan_hash from mint_epochs`;
    const key = nodeCrypto.signingKey(new Uint8Array(32).fill(7));
    for (const [approver, of] of [
      ['robot', hash],
      ['mallory', 'M'.repeat(43)],
    ] as const)
      await approve(
        seal(
          planApprovalKind,
          {
            ...{ networkId: 'stoa', contract: 'n_ab.register', approver, at: rows.now, epoch: DAY, hash: of },
            ...{ points: 4_350, regions: [] },
          },
          key,
        ),
      );
    await approve(new Uint8Array([1, 2, 3]));
    const { html } = await page(`${ADMIN}/${NAME}`);
    expect(words(html)).toMatch(/Held up: chain 4: batch 0 is not there .* Ten chains/);
    expect(html.slice(html.indexOf('id="lane-6"'), html.indexOf('id="lane-7"'))).toContain(
      'one of two nodes answered',
    );
    expect(words(html)).toMatch(/robot now now this plan mallory now now another plan: M{16}…/);
    await rows.end(DAY, 'settled');
    expect(words((await page(`${ADMIN}/${NAME}`)).html)).not.toContain('Held up');
  });

  it('patches each lane by itself, for admins alone, until the day is over', async () => {
    await cut();
    const [source] = pages.sources;
    const keys = [`${NAME}_head`, `${NAME}_beside`, `${NAME}_3`];
    expect(await source!.admit(viewer, [...keys, `${NAME}_10`, 'x_3'])).toEqual(keys);
    expect(await source!.admit(someViewer('op@stoa.example', 'operator'), keys)).toEqual([]);
    const before = await source!.changes(new Set(keys), new Set(keys));
    await rows.bring(batch(3), 'sent');
    const after = await source!.changes(new Set(keys), new Set());
    expect(after.get(keys[2]!)).not.toBe(before.get(keys[2]!));
    expect(after.get(keys[2]!)).toContain('hx-target="#lane-3"');
    expect(after.get(keys[1]!)).toBe(before.get(keys[1]!));
    expect((await page(`${ADMIN}/${NAME}`)).html).toContain(`/events?mint=${NAME}_head,`);
    await rows.end(DAY, 'cancelled');
    expect((await page(`${ADMIN}/${NAME}`)).html).not.toContain('/events?');
  });

  it('holds the stored plan against ledger and chain, and names what differs, to the account', async () => {
    await cut();
    await rows.run(DAY, 'settled', ({ chain }) => chain < 5);
    expect(words((await page(`${ADMIN}/${NAME}/diff`)).html)).toMatch(
      /Plan of 2026-11-26 agrees .* 4 agrees 3 420 420 420 420 0/,
    );
    expect(words((await page(`${ADMIN}/${NAME}/diff?chain=7`)).html)).toContain(
      'Each slot is planned what the ledger reserved',
    );
    await rows.sql`update mint_plans set deltas = replace(deltas, '[70 170 270', '[70 170 271'), sum = sum + 1
      where epoch = ${DAY} and chain = 7`;
    const told = words((await page(`${ADMIN}/${NAME}/diff?chain=7`)).html);
    expect(told).toContain('differs');
    expect(told).toContain('Chain 7: the deltas of batch 0 are not those of its digest');
    expect(told).toContain('Chain 7: its digest is not that of what is stored');
    expect(told).toContain('the plan that is stored is not the one whose hash was approved');
    expect(told).toMatch(/2 k:[0-9a-f]{64} 271 270/);
    await rows.sql`update mint_plans set deltas = '[[1]]' where epoch = ${DAY} and chain = 7`;
    expect((await page(`${ADMIN}/${NAME}/diff`)).status).toBe(200);
    expect((await page(`${ADMIN}/${NAME}/diff?chain=7`)).status).toBe(409);
  });

  it('lets a freshly confirmed admin resume or cancel for a reason, in one with the audit entry; others find nothing there', async () => {
    await cut();
    await rows.bring(batch(8), 'sent');
    await rows.bring(batch(8), 'stopped', 'failed');
    const act = `${ADMIN}/${NAME}/act`;
    expect((await page(`${ADMIN}/${NAME}`)).html).toContain('Let what is stopped go on');
    expect((await post(act, { act: 'resume', reason: ' ' })).status).toBe(422);
    viewer = { ...viewer, confirmedAt: rows.now - 300_000 };
    expect((await post(act, { act: 'resume', reason: 'looked at it' })).status).toBe(403);
    viewer = { ...viewer, confirmedAt: rows.now };
    expect(told).toEqual([]);
    expect((await post(act, { act: 'resume', reason: 'looked at it' })).status).toBe(303);
    expect((await post(act, { act: 'cancel', reason: 'a test' })).status).toBe(303);
    expect((await post(act, { act: 'cancel', reason: 'again' })).status).toBe(409);
    expect(told).toEqual([`resume ${DAY}`, `cancel ${DAY}`]);
    const audit =
      await rows.sql`select actor, act, subject, detail->>'reason' as reason from audit_log order by seq`;
    expect(audit.map(({ act: what, subject, reason }) => [what, subject, reason])).toEqual([
      ['mint.resume', NAME, 'looked at it'],
      ['mint.cancel', NAME, 'a test'],
    ]);
    viewer = { ...viewer, tier: 'modern' };
    for (const path of [ADMIN, `${ADMIN}/${NAME}`, `${ADMIN}/${NAME}/diff`])
      expect((await page(path)).status).toBe(404);
    expect((await post(act, { act: 'resume', reason: 'x' })).status).toBe(404);
  });

  it('offers no act where this hub mints nothing, and knows no day that was not cut', async () => {
    await cut();
    open({ acts: undefined });
    expect((await page(`${ADMIN}/${NAME}`)).html).not.toContain('Cancel the day');
    expect((await post(`${ADMIN}/${NAME}/act`, { act: 'cancel', reason: 'x' })).status).toBe(404);
    for (const path of [`${ADMIN}/2026-11-25`, `${MINTS}/2026-11-25`, `${MINTS}/2026-11-25.json`])
      expect((await page(path)).status).toBe(404);
  });

  it('gives everybody what it takes to recompute digests, request keys and the plan, and names nobody', async () => {
    await cut();
    await rows.run(DAY, 'final');
    const answer = await page(`${MINTS}/${NAME}.json`);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60');
    const sweep = JSON.parse(answer.html) as PublishedSweep;
    expect(sweep).toMatchObject({ mode: 'TEST', points: 4_350, accounts: 29, transactions: 20 });
    const outline = {
      ...{ epoch: sweep.epoch, cutId: sweep.cutId, points: sweep.points },
      chains: sweep.chains.map((chain) => ({
        ...chain,
        batches: chain.batches.map(({ sum, digest }) => ({ sum: sum!, digest })),
      })),
    };
    expect(planHash(outline)).toBe(sweep.planHash);
    for (const [i, chain] of outline.chains.entries())
      expect(chainDigest(outline, chain)).toBe(sweep.chains[i]!.digest);
    for (const one of sweep.chains.flatMap(({ batches }) => batches)) {
      const files = `${MINTS}/${NAME}/${one.chain}/${one.part}`;
      const deltas = (await page(`${files}/deltas`)).html;
      expect(deltasDigest(deltas)).toBe(one.digest);
      expect(
        parseDeltas(deltas)
          .flat()
          .reduce((sum, points) => sum + points, 0),
      ).toBe(one.sum);
      expect(requestKey((await page(`${files}/cmd`)).html)).toBe(one.requestKeys[0]);
    }
    const { html } = await page(`${MINTS}/${NAME}`);
    expect(main(html)).toContain('TEST');
    expect(words(html)).toContain('What anybody can check');
    expect(`${html} ${answer.html}`).not.toContain('@');
  });

  it('tells each owner what was minted to the accounts that are proven theirs', async () => {
    await rows.seat(10, 'ann@stoa.example');
    await rows.seat(2, 'bob@stoa.example');
    await rows.cut(DAY - 1, (i) => 3 + i);
    await rows.cut(DAY, (i) => (i === 10 ? 0 : 5 + i));
    await rows.run(DAY - 1, 'settled', ({ chain }) => chain === 0);
    await rows.end(DAY - 1, 'cancelled');
    await rows.bring(batch(1), 'sent');
    const told = async (email: string) =>
      (await pages.own.of(email)).map((one) => [one.day, one.chain, one.slot, one.points, one.state]);
    expect(await told('bob@stoa.example')).toEqual(
      expect.arrayContaining([
        [NAME, 1, 1, 16, 'on its way'],
        ['2026-11-25', 0, 1, 13, 'minted'],
        ['2026-11-25', 1, 1, 14, 'given back'],
      ]),
    );
    expect(await told('bob@stoa.example')).toHaveLength(3);
    expect(await told('ann@stoa.example')).toHaveLength(20);
    expect(await told('eve@stoa.example')).toEqual([]);
    const [sent] = await pages.own.of('bob@stoa.example');
    expect(sent!.requestKey).toMatch(/^[\w-]{43}$/);
  });

  it('finds what a person has to look at: late, not cut, stopped, different, held up; and nothing of a day that is over', async () => {
    const troubles = async (minutes: number) =>
      (await readTroubles(rows.sql, rows.now + minutes * 60_000)).map(
        ({ rule, subject }) => `${rule} ${subject}`,
      );
    expect(await troubles(10_000)).toEqual([]);
    await cut();
    expect(await troubles(59)).toEqual([]);
    expect(await troubles(61)).toEqual([`mint-late ${NAME}`]);
    await rows.run(DAY, 'final');
    expect(await troubles(61)).toEqual([]);
    expect(await troubles(181)).toEqual([`mint-late ${NAME}`]);
    await rows.bring(batch(2), 'stopped', 'failed');
    await rows.bring(batch(3), 'stopped', 'other_content');
    expect(await troubles(1)).toEqual([`mint-stopped ${NAME}`, `mint-differs ${NAME}`]);
    // Whoever gives it up has looked; then it waits for the end of its window, which is 06:00 UTC on its fourth day after.
    await rows.sql`update mint_epochs set state = 'cancelling'`;
    expect(await troubles(181)).toEqual([`mint-differs ${NAME}`]);
    const given = 4 * 24 * 60 + 3 * 60 - 20;
    const late = async (minutes: number) => (await troubles(minutes)).filter((one) => one.endsWith(NAME));
    expect(await late(given - 1)).toEqual([`mint-differs ${NAME}`]);
    expect(await late(given)).toEqual([`mint-late ${NAME}`, `mint-differs ${NAME}`]);
    await rows.end(DAY, 'cancelled');
    expect(await troubles(181)).toEqual([]);
    expect(await troubles(26 * 60)).toEqual(['mint-late cut']);
    expect(await troubles(9 * 24 * 60)).toEqual([]);
    await rows.sql`insert into mint_faults (place, code, message, since) values ('cut', 'hours_open', '', now()),
      ('cancel 2026-11-26', 'not_dead', 'can be opened until then', now()),
      ('chain 1', 'gas_account', 'has 0.1 STOA', now()), ('chain 2', 'chain_differs', 'gone', now())`;
    expect(await troubles(1)).toEqual(['mint-held-up chain 1', 'mint-differs chain 2']);
  });

  it('publishes nothing of a transaction before nodes were told', async () => {
    await cut();
    await rows.bring(batch(1), 'signed');
    expect((await page(`${MINTS}/${NAME}/1/0/cmd`)).status).toBe(404);
    const sweep = JSON.parse((await page(`${MINTS}/${NAME}.json`)).html) as PublishedSweep;
    expect(sweep.chains[1]!.batches[0]).toMatchObject({ state: 'signed', requestKeys: [], bytes: null });
  });

  it('escapes what stands in the database', async () => {
    await cut();
    await rows.bring(batch(2), 'stopped', '<script>alert(1)</script>');
    const { html } = await page(`${ADMIN}/${NAME}`);
    expect(html).toContain('&lt;script&gt;alert(1)');
    expect((await page(`${MINTS}/${NAME}`)).html).not.toContain('alert(1)');
  });
});
