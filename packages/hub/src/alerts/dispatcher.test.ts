import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { createSmtpMailer } from '#seams/mailer/index.ts';
import { AllowedAddresses } from '../egress-addresses.ts';
import { createLog } from '../log.ts';
import { Vault } from '../vault/index.ts';
import type { ChannelKind } from './channel.ts';
import { CHANNEL_SECRETS } from './channel-store.ts';
import { createSends } from './channels/index.ts';
import { signatureOf } from './channels/webhook.ts';
import { Dispatcher } from './dispatcher.ts';
import { Egress } from './egress.ts';
import { AlertWorld, MINUTE, START } from './evaluator.fixture.ts';
import type { Message } from './message.ts';
import { Outbox } from './outbox.ts';
import { startHanging, startHttp, startSmtp } from './receivers.fixture.ts';

const ORIGIN = 'https://hub.example';

/** Real servers answer when the machine lets them. */
const soon = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

describe('the dispatcher', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: AlertWorld;
  const vault = new Vault({ keys: [randomBytes(32)], random: randomBytes });
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await AlertWorld.start(database.sql);
  });

  function dispatcher({ smtp = 'smtp://127.0.0.1:1', telegram = 'http://127.0.0.1:1' } = {}) {
    const { sql, clock } = world;
    const mailer = createSmtpMailer({ url: smtp, from: 'Stoa Hub <hub@stoa.example>' });
    const egress = new Egress({ allowed: new AllowedAddresses(['127.0.0.0/8']) });
    const send = createSends({ mailer, egress, origin: ORIGIN, clock, telegramApi: telegram });
    return new Dispatcher({ sql, vault, clock, log: createLog({ level: 'silent' }), send });
  }

  const addChannel = async (
    id: string,
    kind: ChannelKind,
    { secret = 'key', ...over }: { owner?: string; target?: string; secret?: string } = {},
  ) =>
    await database.sql`insert into alert_channels ${database.sql({
      ...{ id, kind, owner: 'owner@stoa.example', name: id, target: '', enabled: true },
      ...{ secret: vault.seal(secret, CHANNEL_SECRETS, id), created_at: new Date(START), ...over },
    })}`;

  const put = async (channelId: string, over: Partial<Message> = {}, owner = 'owner@stoa.example') => {
    const item = {
      notice: 'firing' as const,
      rule: 'offline',
      subject: 'a'.repeat(64),
      label: 'node-7',
      evidence: [],
    };
    const message: Message = {
      kind: 'alert',
      at: world.clock.time,
      items: [item],
      counts: { 'firing offline': 1 },
      ...over,
    };
    await new Outbox(database.sql).put([{ channelId, owner, message, nextAt: world.clock.time }]);
  };

  const log = async () =>
    (
      await database.sql`select channel_id, status, attempts, last_error from alert_deliveries order by seq`
    ).map(
      (row) =>
        `${row['channel_id']} ${row['status']} ${row['attempts']}${row['last_error'] === null ? '' : ` ${row['last_error']}`}`,
    );

  it('delivers by e-mail, webhook, Telegram and Discord', async () => {
    await using smtp = await startSmtp();
    await using http = await startHttp();
    await addChannel('mail', 'email', { target: 'owner@stoa.example' });
    await addChannel('hook', 'webhook', { target: `${http.url}/hook`, secret: 'signing key' });
    await addChannel('chat', 'telegram', { target: '-1001', secret: '123:token' });
    await addChannel('disc', 'discord', { secret: `${http.url}/api/webhooks/1/x` });
    for (const id of ['mail', 'hook', 'chat', 'disc']) await put(id);
    const sender = dispatcher({ smtp: smtp.url, telegram: http.url });
    await sender.tick();
    await sender.idle();
    expect(await log()).toEqual(['mail sent 1', 'hook sent 1', 'chat sent 1', 'disc sent 1']);
    expect(smtp.mails[0]).toMatch(/Subject: \[Stoa\] Alert: node-7: Offline/);
    expect(smtp.mails[0]?.replaceAll('=\r\n', '')).toContain(`${ORIGIN}/nodes/${'a'.repeat(64)}`);
    const [mailId, hookId] = (await database.sql`select id from alert_deliveries order by seq`).map((row) =>
      String(row['id']),
    );
    expect(smtp.mails[0]).toContain(`Message-ID: <${mailId}@stoa-hub>`);
    const hook = http.received.find(({ path }) => path === '/hook')!;
    const timestamp = Number(hook.headers['stoa-timestamp']);
    expect(hook.headers['stoa-delivery']).toBe(hookId);
    expect([timestamp, hook.headers['stoa-signature']]).toEqual([
      START / 1_000,
      `v1=${signatureOf('signing key', { timestamp, id: hookId!, body: hook.body })}`,
    ]);
    expect(JSON.parse(hook.body)).toMatchObject({
      kind: 'alert',
      alerts: [{ rule: 'offline', label: 'node-7', severity: 'critical' }],
    });
    const chat = http.received.find(({ path }) => path === '/bot123:token/sendMessage')!;
    expect(JSON.parse(chat.body)).toMatchObject({
      chat_id: '-1001',
      text: expect.stringContaining('node-7'),
    });
    const discord = http.received.find(({ path }) => path === '/api/webhooks/1/x')!;
    expect(JSON.parse(discord.body)).toMatchObject({ allowed_mentions: { parse: [] } });
  });

  it('is delayed by no receiver that hangs, of mail or HTTP, and gives those up', async () => {
    await using deaf = await startHanging();
    await using http = await startHttp();
    await addChannel('mail', 'email', { target: 'owner@stoa.example' });
    for (let i = 0; i < 6; i += 1) await addChannel(`hang${i}`, 'webhook', { target: deaf.url });
    await addChannel('well', 'webhook', { owner: 'other@stoa.example', target: http.url });
    await put('mail');
    for (let i = 0; i < 6; i += 1) await put(`hang${i}`);
    await put('well', {}, 'other@stoa.example');
    const sender = dispatcher({ smtp: `smtp://127.0.0.1:${deaf.port}` });
    await sender.tick();
    await soon(async () => expect((await log()).at(-1)).toBe('well sent 1'));
    await soon(() => expect(deaf.connections).toBeGreaterThanOrEqual(4));
    // Of the hanging owner's webhooks three are tried at a time.
    expect((await log()).filter((line) => line.startsWith('hang') && line.includes('sending'))).toHaveLength(
      3,
    );
    world.clock.forward(10_000);
    await soon(async () =>
      expect((await log()).filter((line) => line.startsWith('hang') && line.includes('retry'))).toHaveLength(
        3,
      ),
    );
    await sender.tick();
    expect((await log()).filter((line) => line.startsWith('hang') && line.includes('sending'))).toHaveLength(
      3,
    );
    world.clock.forward(30_000);
    await sender.idle();
    expect((await log())[0]).toBe('mail retry 1 no answer in time');
  });

  it('tries again, later each time, under one id, and gives up after a day', async () => {
    await using http = await startHttp(() => ({ status: 503 }));
    await addChannel('hook', 'webhook', { target: http.url });
    await put('hook');
    const sender = dispatcher();
    const attempts: number[] = [];
    for (let minute = 0; minute < 25 * 60; minute += 0.5) {
      const before = http.received.length;
      await sender.tick();
      await sender.idle();
      if (http.received.length > before) attempts.push(minute);
      world.clock.forward(MINUTE / 2);
    }
    expect(attempts.slice(0, 7)).toEqual([0, 0.5, 1.5, 3.5, 8.5, 23.5, 53.5]);
    expect(attempts.length).toBeLessThan(32);
    expect(new Set(http.received.map(({ headers }) => headers['stoa-delivery'])).size).toBe(1);
    expect((await log())[0]).toMatch(/^hook failed \d+ 127.0.0.1 answered 503$/);
  });

  it('does not try again what was refused for good, nor follows where it is sent', async () => {
    await using elsewhere = await startHttp();
    await using http = await startHttp(({ path }) =>
      path === '/moved' ? { status: 307, headers: { location: elsewhere.url } } : { status: 410 },
    );
    await addChannel('gone', 'webhook', { target: `${http.url}/gone` });
    await addChannel('moved', 'webhook', { target: `${http.url}/moved` });
    for (const id of ['gone', 'moved']) await put(id);
    const sender = dispatcher();
    await sender.tick();
    await sender.idle();
    expect(await log()).toEqual([
      'gone failed 1 127.0.0.1 answered 410',
      'moved failed 1 127.0.0.1 answered 307',
    ]);
    expect(elsewhere.received).toEqual([]);
  });

  it('waits as long as a receiver asks', async () => {
    await using http = await startHttp(() => ({ status: 429, headers: { 'retry-after': '600' } }));
    await addChannel('hook', 'webhook', { target: http.url });
    await put('hook');
    const sender = dispatcher();
    await sender.tick();
    await sender.idle();
    const [row] = await database.sql`select next_at from alert_deliveries`;
    expect(row?.['next_at']).toEqual(new Date(START + 10 * MINUTE));
  });

  it('keeps the order of a channel while one waits; a test waits for nothing', async () => {
    let fails = true;
    await using http = await startHttp(() => ({ status: fails ? 500 : 200 }));
    await addChannel('hook', 'webhook', { target: http.url });
    await put('hook');
    await put('hook', { counts: { 'recovered offline': 1 } });
    const sender = dispatcher();
    await sender.tick();
    await sender.idle();
    await put('hook', { kind: 'test', items: [], counts: {} });
    await sender.tick();
    await sender.idle();
    expect(http.received.map(({ body }) => JSON.parse(body).kind)).toEqual(['alert', 'test']);
    fails = false;
    for (let i = 0; i < 3; i += 1) {
      world.clock.forward(MINUTE);
      await sender.tick();
      await sender.idle();
    }
    const told = http.received.map(({ body }) => Object.keys(JSON.parse(body).counts)[0]);
    expect(told.slice(2).filter(Boolean)).toEqual(['firing offline', 'recovered offline']);
  });

  it('sends again what a killed hub had claimed, under the same id', async () => {
    await using deaf = await startHanging();
    await addChannel('hook', 'webhook', { target: deaf.url });
    await put('hook');
    const killed = dispatcher();
    await killed.tick();
    await soon(() => expect(deaf.connections).toBe(1));
    // It is gone: nobody settles the claim.
    const next = dispatcher();
    await next.tick();
    expect(await log()).toEqual(['hook sending 1']);
    world.clock.time += MINUTE;
    await using http = await startHttp();
    const [before] =
      await database.sql`update alert_channels set target = ${http.url} returning (select id from alert_deliveries) as id`;
    await next.tick();
    await next.idle();
    expect(await log()).toEqual(['hook sent 2']);
    expect(http.received[0]?.headers['stoa-delivery']).toBe(before?.['id']);
    await killed.close();
    expect(await log()).toEqual(['hook sent 2']);
  });

  it('never writes down a bot token or a Discord address, whatever fails', async () => {
    const lines: string[] = [];
    const secretLog = createLog({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
    await using http = await startHttp(() => ({ status: 401, body: '{"token":"123:hush"}' }));
    await addChannel('chat', 'telegram', { target: '1', secret: '123:hush' });
    await addChannel('disc', 'discord', { secret: 'http://127.0.0.1:1/api/webhooks/hush' });
    for (const id of ['chat', 'disc']) await put(id);
    const { sql, clock } = world;
    const egress = new Egress({ allowed: new AllowedAddresses(['127.0.0.0/8']) });
    const mailer = createSmtpMailer({ url: 'smtp://127.0.0.1:1', from: 'a@b.example' });
    const send = createSends({ mailer, egress, origin: ORIGIN, clock, telegramApi: http.url });
    const sender = new Dispatcher({ sql, vault, clock, log: secretLog, send });
    await sender.tick();
    await sender.idle();
    expect(await log()).toEqual([
      'chat failed 1 127.0.0.1 answered 401',
      expect.stringMatching(/^disc retry 1 127.0.0.1: E/),
    ]);
    expect([...lines, ...(await log())].join()).not.toContain('hush');
  });

  it('sends nothing with a secret that it cannot open, and tries again', async () => {
    await using http = await startHttp();
    const other = new Vault({ keys: [randomBytes(32)], random: randomBytes });
    await addChannel('hook', 'webhook', { target: http.url });
    await database.sql`update alert_channels set secret = ${other.seal('key', CHANNEL_SECRETS, 'hook')}`;
    await put('hook');
    const sender = dispatcher();
    await sender.tick();
    await sender.idle();
    expect([http.received, await log()]).toEqual([
      [],
      ['hook retry 1 the secret of the channel cannot be opened: set the channel up anew'],
    ]);
  });

  it('puts nothing of a label into the head of a mail', async () => {
    await using smtp = await startSmtp();
    await addChannel('mail', 'email', { target: 'owner@stoa.example' });
    const label = 'x\r\nBcc: victim@stoa.example\r\n\r\nHello';
    await put('mail', { items: [{ notice: 'firing', rule: 'offline', subject: 'b', label, evidence: [] }] });
    const sender = dispatcher({ smtp: smtp.url });
    await sender.tick();
    await sender.idle();
    const head = smtp.mails[0]!.split('\r\n\r\n')[0]!;
    expect(head).not.toMatch(/^bcc:/im);
    expect(await log()).toEqual(['mail sent 1']);
  });

  it('stops at once, though a receiver hangs', async () => {
    await using deaf = await startHanging();
    await addChannel('hook', 'webhook', { target: deaf.url });
    await put('hook');
    const sender = dispatcher();
    await sender.tick();
    await soon(() => expect(deaf.connections).toBe(1));
    await sender.close();
    expect(await log()).toEqual(['hook retry 1 no answer in time']);
  });
});
