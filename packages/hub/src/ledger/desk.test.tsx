import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPoints, POINT, wordPoints } from '@stoa/protocol/stoicism';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import type { Viewer } from '../viewer.ts';
import { verifyDump, writeDump } from './dump.ts';
import { createLedgerTools, type LedgerTools } from './index.ts';
import { NightlyDump } from './nightly-dump.ts';
import { ledgerPages } from './routes.tsx';
import { accountName, FIRST_HOUR, LedgerWorld, nodeName } from './world.fixture.ts';

const ALL = (1n << 60n) - 1n;
const HOUR_EARNED = wordPoints(ALL, 1_000_000);
const ANN = 'ann@x.example';
const [ANNS, BOBS] = [accountName(1), accountName(2)];
const NAMES = ['k:aa', 'k:bb'] as const;

describe('people at the ledger', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: LedgerWorld;
  let tools: LedgerTools;
  let viewer: Viewer;
  let app: HubApp;
  let directory: string;
  const who = (email: string, tier: Viewer['tier'] = 'ancient') => ({
    ...someViewer(email, tier),
    confirmedAt: world.now,
  });
  const [first, second] = [() => who('one@x.example'), () => who('two@x.example')];

  beforeAll(async () => {
    database = await openTemporary();
    directory = await mkdtemp(join(tmpdir(), 'stoa-ledger-'));
    const { sql } = database;
    await sql`insert into payout_people (email, owner_id) values (${ANN}, ${'a'.repeat(32)})`;
    await sql`insert into payout_accounts (account_id, account) values (${ANNS}, ${NAMES[0]}), (${BOBS}, ${NAMES[1]})`;
    await sql`insert into payout_choices (owner, account_id, from_hour, set_by, set_at)
      values (${ANN}, ${ANNS}, 0, ${ANN}, now()), ('bob@x.example', ${BOBS}, 0, 'bob@x.example', now())`;
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${nodeName(1)}, 'rack-1', ${ANN}, 'eu', '\\x00', '\\x00', now())`;
    const assets = await Assets.load();
    const clock = { now: () => world.now, after: () => () => undefined };
    tools = createLedgerTools({ sql, clock });
    app = createHttpApp({
      features: [
        ledgerPages({
          guard: async (c, next) => {
            c.set('viewer', viewer);
            await next();
          },
          ...{ tools, clock },
        }),
      ],
      ...{
        assets,
        site: { region: 'eu', network: 'stoa' },
        log: pino({ level: 'silent' }),
        clock,
        secure: false,
      },
    });
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    await database.sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals,
      ledger_adjustments`;
    world = new LedgerWorld(database.sql);
    world.payeeOf = () => ({ accountId: ANNS, ownerId: 'a'.repeat(32) });
    await world.book.begin();
    for (let hour = 0; hour < 3; hour += 1) world.tell(FIRST_HOUR + hour, nodeName(1), { paid: ALL });
    await world.after(FIRST_HOUR + 2, 15);
    viewer = first();
  });

  const current = async (account: string) => {
    const [row] = await database.sql<{ current: string }[]>`
      select current::text as current from ledger_accounts where account_id = ${account}`;
    return BigInt(row?.current ?? 0);
  };
  const sound = async () => expect((await tools.check.run({ chain: true })).faults).toEqual([]);
  const page = async (path: string) => (await app.request(path)).text();
  const post = (path: string, fields: Readonly<Record<string, string>> = {}) =>
    app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(fields).toString(),
    });

  it('adjust it by two persons, never below what there is, each act in the audit log', async () => {
    const id = await tools.desk.propose(first(), {
      account: NAMES[0],
      amount: -POINT,
      reason: 'counted twice',
    });
    await expect(tools.desk.approve(first(), id)).rejects.toMatchObject({ code: 'same_person' });
    expect(await current(ANNS)).toBe(3n * HOUR_EARNED);
    await tools.desk.approve(second(), id);
    expect(await current(ANNS)).toBe(3n * HOUR_EARNED - POINT);
    await expect(tools.desk.approve(second(), id)).rejects.toMatchObject({ code: 'not_found' });
    const more = await tools.desk.propose(first(), { account: ANNS, amount: -100n * POINT, reason: 'all' });
    await expect(tools.desk.approve(second(), more)).rejects.toMatchObject({ code: 'not_enough' });
    await tools.desk.refuse(second(), more);
    const forged = database.sql`update ledger_adjustments set outcome = 'applied', decided_by = proposed_by where adjustment_id = ${more}`;
    await expect(forged).rejects.toThrow('ledger_adjustments_two');
    await expect(
      tools.desk.propose(first(), { account: 'k:cc', amount: 1n, reason: 'x' }),
    ).rejects.toMatchObject({ status: 404 });
    await expect(
      tools.desk.propose({ ...first(), confirmedAt: 0 }, { account: ANNS, amount: 1n, reason: 'x' }),
    ).rejects.toMatchObject({ code: 'confirm_first' });
    const acts = await database.sql<
      { act: string; actor: string }[]
    >`select act, actor from audit_log order by seq`;
    expect(acts.slice(-4).map(({ act }) => act)).toEqual([
      'ledger.propose',
      'ledger.approve',
      'ledger.propose',
      'ledger.refuse',
    ]);
    await sound();
  });

  it('go live by a hard reset from the next full hour on; locked, nothing reverts; no simulated node earns', async () => {
    await expect(tools.desk.lock(first(), true)).rejects.toMatchObject({ code: 'not_live' });
    await tools.desk.reset(first(), 'live');
    expect(await current(ANNS)).toBe(0n);
    await tools.desk.lock(first(), true);
    await expect(tools.desk.reset(second(), 'shadow')).rejects.toMatchObject({ code: 'ledger_locked' });
    // The reset came in hour 3: that one is nobody's, and later words of hours before it are not read again.
    await database.sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at, simulated)
      values (${nodeName(7)}, 'sim', ${ANN}, 'eu', '\\x00', '\\x00', now(), true)`;
    world.tell(FIRST_HOUR + 4, nodeName(7), { paid: ALL });
    for (const hour of [2, 3, 4]) world.tell(FIRST_HOUR + hour, nodeName(1), { paid: ALL });
    world.tell(FIRST_HOUR + 2, nodeName(2), { paid: ALL });
    await world.after(FIRST_HOUR + 4, 15);
    expect(await current(ANNS)).toBe(HOUR_EARNED);
    expect(await tools.book.head()).toMatchObject({ mode: 'live', locked: true });
    await tools.desk.lock(second(), false);
    await tools.desk.reset(second(), 'shadow');
    expect(await tools.book.head()).toMatchObject({ mode: 'shadow', locked: false });
    await sound();
  });

  it.each(['running', 'cancelling'])('reset nothing while a day of the mint is %s', async (state) => {
    const { sql } = database;
    await sql`insert into mint_epochs
      (epoch, state, plan_hash, cut_id, cut_sequence, cut_hash, mode, points, accounts, waiting, cut_at)
      values (20783, ${state}, '', '', 0, '\\x00', 'shadow', 1, 1, 0, now())`;
    try {
      await expect(tools.desk.reset(first(), 'live')).rejects.toMatchObject({
        ...{
          status: 409,
          code: 'mint_open',
          message: `The mint of 2026-11-26 is ${state}: its points are on their way.`,
        },
        fix: expect.stringContaining('stoa-hub mint cancel 2026-11-26'),
      });
      expect((await tools.book.head()).mode).toBe('shadow');
      expect(await current(ANNS)).toBe(3n * HOUR_EARNED);
      await sql`update mint_epochs set state = 'settled', ended_at = now()`;
      await tools.desk.reset(first(), 'live');
      expect(await current(ANNS)).toBe(0n);
    } finally {
      await sql`delete from mint_epochs`;
    }
  });

  it('approve nothing that was proposed before a reset', async () => {
    const id = await tools.desk.propose(first(), { account: ANNS, amount: POINT, reason: 'a test' });
    await tools.desk.reset(first(), 'live');
    await expect(tools.desk.approve(second(), id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await current(ANNS)).toBe(0n);
    expect(await tools.adjustments.list(1)).toMatchObject([
      { outcome: 'refused', decidedBy: 'one@x.example' },
    ]);
  });

  it('go live while hours are being closed: nothing of before counts behind it, and none is read again', async () => {
    const whole = world.hours.bind(world);
    world.hours = async function* (hour, from) {
      for await (const page of whole(hour, from)) {
        if ((await tools.book.head()).mode === 'shadow') await tools.desk.reset(first(), 'live');
        yield page;
      }
    };
    for (const hour of [3, 4]) world.tell(FIRST_HOUR + hour, nodeName(1), { paid: ALL });
    await world.after(FIRST_HOUR + 4, 15);
    expect(await current(ANNS)).toBe(0n);
    expect(await database.sql`select hour from ledger_hours where next_pass_at is not null`).toEqual([]);
    await sound();
  });

  it('read of their own what was written, twenty a page', async () => {
    viewer = who(ANN, 'operator');
    expect(await page('/ledger')).toMatch(/rack-1[\s\S]*3\.6[\s\S]*10\.8|10\.8[\s\S]*rack-1[\s\S]*3\.6/);
    for (let hour = 3; hour < 30; hour += 1) world.tell(FIRST_HOUR + hour, nodeName(1), { paid: 1n });
    await world.after(FIRST_HOUR + 29, 15);
    const seen: number[] = [];
    let path: string | undefined = '/ledger';
    while (path !== undefined) {
      const html: string = await page(path);
      const events = [...html.matchAll(/<td class="num">(\d+)<\/td><\/tr>/g)].map(([, number]) =>
        Number(number),
      );
      expect(events.length).toBeLessThanOrEqual(20);
      seen.push(...events);
      path = /href="(\/ledger\?before=[^"]+)"/.exec(html)?.[1];
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => 30 - i));
    expect((await app.request('/ledger?before=x')).status).toBe(400);
    viewer = who('bob@x.example', 'operator');
    expect(await page('/ledger')).not.toContain('rack-1');
    expect((await app.request('/admin/ledger')).status).toBe(404);
  });

  it('decide on its page: propose, approve as somebody else, go live by typing it', async () => {
    expect(await page('/admin/ledger')).toContain('10.800000');
    const wrong = await post('/admin/ledger/adjustments', { account: NAMES[1], points: '1e3', reason: 'x' });
    expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('12 decimals at most')]);
    await post('/admin/ledger/adjustments', { account: NAMES[1], points: '2.5', reason: 'a promise' });
    const [{ id } = { id: 0n }] = await database.sql<
      { id: bigint }[]
    >`select adjustment_id as id from ledger_adjustments`;
    expect(await page('/admin/ledger')).not.toContain(`/admin/ledger/adjustments/${id}/approve`);
    viewer = second();
    expect(await page('/admin/ledger')).toContain(`/admin/ledger/adjustments/${id}/approve`);
    expect((await post(`/admin/ledger/adjustments/${id}/approve`)).status).toBe(303);
    expect(formatPoints(await current(BOBS))).toBe('2.5');
    expect((await post('/admin/ledger/reset', { mode: 'live', confirm: 'yes' })).status).toBe(422);
    expect((await post('/admin/ledger/reset', { mode: 'live', confirm: 'live' })).status).toBe(303);
    expect((await post('/admin/ledger/lock')).status).toBe(303);
    expect(await page('/admin/ledger')).toContain('nothing reverts');
  });

  it('keep a sealed dump a night, which tells any byte that was changed', async () => {
    const { sql } = database;
    const keyFile = join(directory, 'key');
    const bytes = randomBytes(32);
    await writeFile(keyFile, bytes);
    const written: object[] = [];
    const clock = { now: () => world.now, after: () => () => undefined };
    const deps = { sql, events: tools.events, region: 'eu', clock, random: (n: number) => randomBytes(n) };
    const nightly = new NightlyDump({
      ...deps,
      directory,
      keyFile,
      log: { info: (fields: object) => void written.push(fields) },
    });
    for (let hour = 0; hour < 48; hour += 1) {
      world.now += 3_600_000;
      await nightly.tick();
    }
    expect(written.length).toBe(3);
    const secret = { kind: 'key-file', bytes } as const;
    const path = join(directory, 'ledger');
    const { end } = await writeDump(deps, path, secret);
    expect(await verifyDump(path, secret)).toMatchObject({
      region: 'eu',
      events: 3,
      accounts: 1,
      faultCount: 0,
      end,
    });
    const file = await readFile(path);
    file[file.length - 20]! ^= 1;
    await writeFile(path, file);
    await expect(verifyDump(path, secret)).rejects.toMatchObject({ name: 'BackupError' });
    for (const none of [join(directory, 'none'), directory])
      await expect(verifyDump(none, secret)).rejects.toMatchObject({
        code: 'file_unreadable',
        retry: false,
        message: expect.stringContaining(none),
      });
  });
});
