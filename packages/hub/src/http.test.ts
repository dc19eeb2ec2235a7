import { pino } from 'pino';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Assets } from './console/assets.ts';
import { Markup } from './console/markup.ts';
import { createHttpApp, type HubApp } from './http.ts';
import { HttpError } from './http-error.ts';
import type { Tier } from './viewer.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml' };

describe('the HTTP application', () => {
  let app: HubApp;
  const logged: { level: number; msg: string; route: string; err: { message: string } }[] = [];

  beforeAll(async () => {
    app = createHttpApp({
      assets: await Assets.load(),
      site: { region: 'eu', network: 'stoa' },
      log: pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
      clock: { now: () => 0 },
      secure: true,
      features: [
        {
          bodyLimits: { '/big': 1_000_000 },
          nav: [
            { id: 'b', path: '/b', word: 'Second', group: 'scope', place: 20 },
            { id: 'a', path: '/a', word: 'First', group: 'scope', place: 10 },
            {
              id: 'fleet',
              path: '/admin/fleet',
              word: 'Whole fleet',
              group: 'admin',
              place: 10,
              least: 'modern',
            },
          ],
          slots: {
            top: async ({ email }) => new Markup(`<p>top for ${email}</p>`),
            bar: () => Promise.reject(new Error('no bell today')),
          },
          mount(hub) {
            hub.get('/as/:tier', (c) => {
              const tier = c.req.param('tier') as Tier;
              c.set('viewer', {
                accountId: '1',
                email: 'a@x.example',
                tier,
                confirmedAt: 0,
                keyScopes: undefined,
              });
              return c.render('content', { title: 'Page', nav: 'b' });
            });
            hub.get('/page', (c) => c.render('content', { title: '<Page> & "more"' }));
            hub.get('/secret/:token', () => {
              throw new Error('password=hunter2');
            });
            hub.get('/away', () => {
              throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
            });
            hub.get('/refused', () => {
              throw new HttpError(409, 'taken', 'It is taken <b>.', { fix: 'Take another.' });
            });
            hub.post('/form', async (c) => c.text(await c.req.text()));
            hub.post('/big', async (c) => c.text(String((await c.req.text()).length)));
          },
        },
      ],
    });
  });
  afterEach(() => logged.splice(0));

  it('shows each viewer the pages of their tier, and what features put into the frame, without what fails', async () => {
    const operator = await (await app.request('/as/operator')).text();
    const words = (html: string) =>
      [...html.slice(html.indexOf('<nav')).matchAll(/<li><a [^>]*>([^<]+)/g)].map(([, word]) => word);
    expect(words(operator)).toEqual(['First', 'Second']);
    expect(operator).toContain('<a href="/b" aria-current="page">');
    expect(operator).toContain('<p>top for a@x.example</p>content');
    expect(operator).not.toContain('nav-group');
    expect(words(await (await app.request('/as/ancient')).text())).toEqual([
      'First',
      'Second',
      'Whole fleet',
    ]);
    expect(
      logged.some(({ msg, err }) => msg.includes('part of the frame') && err.message === 'no bell today'),
    ).toBe(true);
    expect(await (await app.request('/page')).text()).not.toMatch(/class="nav"|id="palette"|top for/);
  });

  it('answers with the headers that make stored markup harmless', async () => {
    const { headers } = await app.request('/page');
    const policy = headers.get('content-security-policy')!.split('; ').sort();
    expect(policy).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('puts a doctype first and escapes what a page says of itself', async () => {
    const html = await (await app.request('/page')).text();
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<title>&lt;Page&gt; &amp; &quot;more&quot; &#183; Stoa Hub</title>');
  });

  it('tells an error as a page to a browser, as JSON to a program, with the same request id', async () => {
    const page = await app.request('/refused', { headers: BROWSER });
    const html = await page.text();
    expect([page.status, html.includes('It is taken &lt;b&gt;.'), html.includes('Take another.')]).toEqual([
      409,
      true,
      true,
    ]);
    expect(html).toContain(page.headers.get('x-request-id'));
    const json = await app.request('/refused');
    expect(await json.json()).toEqual({
      code: 'taken',
      message: 'It is taken <b>.',
      fix: 'Take another.',
      retry: false,
      requestId: json.headers.get('x-request-id'),
    });
  });

  it('keeps what it did not foresee to the log, and secrets in addresses out of it', async () => {
    const answer = await app.request('/secret/T0KEN');
    expect([answer.status, await answer.json()]).toEqual([
      500,
      expect.objectContaining({ code: 'internal_error' }),
    ]);
    expect(logged).toEqual([expect.objectContaining({ level: 50, route: '/secret/:token' })]);
    expect(JSON.stringify(logged)).not.toContain('T0KEN');
  });

  it('says that the database is away, and that trying again helps', async () => {
    const answer = await app.request('/away');
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'database_unavailable', retry: true }),
    ]);
  });

  it('does not know other pages, nor other methods', async () => {
    const missing = await app.request('/nowhere', { headers: BROWSER });
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('not_found')]);
    const wrong = await app.request('/page', { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await wrong.json()).toMatchObject({ code: 'method_not_allowed' });
  });

  it.each<[number, Record<string, string>]>([
    [200, { 'sec-fetch-site': 'same-origin' }],
    [200, { origin: 'https://hub.example' }],
    [200, { origin: 'http://hub.example' }],
    [200, {}],
    [403, { cookie: 'stoa=1' }],
    [403, { 'sec-fetch-site': 'cross-site', origin: 'https://hub.example' }],
    [403, { 'sec-fetch-site': 'same-site' }],
    [403, { 'sec-fetch-site': 'none' }],
    [403, { origin: 'https://evil.example' }],
    [403, { origin: 'https://hub.example.evil.example' }],
    [403, { origin: 'null' }],
  ])('answers %i to an unsafe request with %j', async (status, headers) => {
    const answer = await app.request('http://hub.example/form', {
      method: 'POST',
      body: 'x',
      headers: { host: 'hub.example', ...headers },
    });
    expect(answer.status).toBe(status);
  });

  it('bounds bodies, by what each feature takes', async () => {
    const post = (path: string, bytes: number) =>
      app.request(path, { method: 'POST', body: 'x'.repeat(bytes) });
    expect((await post('/form', 64 * 1024)).status).toBe(200);
    const tooLarge = await post('/form', 64 * 1024 + 1);
    expect([tooLarge.status, await tooLarge.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'body_too_large' }),
    ]);
    expect(await (await post('/big', 900_000)).text()).toBe('900000');
  });
});

describe('static files', () => {
  it('are compressed as the browser asks, never expire, and hold what a page needs in 60 KB of script', async () => {
    const assets = await Assets.load();
    const app = createHttpApp({
      assets,
      site: { region: 'eu', network: 'stoa' },
      log: pino({ level: 'silent' }),
      clock: { now: () => 0 },
      secure: false,
      features: [],
    });
    const size = async (name: Parameters<Assets['url']>[0], encoding: string) => {
      const answer = await app.request(assets.url(name), { headers: { 'accept-encoding': encoding } });
      expect(answer.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
      expect(answer.headers.get('cache-control')).toContain('immutable');
      return (await answer.arrayBuffer()).byteLength;
    };
    const scripts = ['htmx.js', 'uplot.js', 'console.js'] as const;
    const gzip = await Promise.all(scripts.map((name) => size(name, 'gzip')));
    expect(gzip.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(60 * 1024);
    expect(await size('console.css', 'br')).toBeLessThan(await size('console.css', 'identity'));
    expect((await app.request('/assets/0000/console.js')).status).toBe(404);
    expect((await app.request('/favicon.ico')).headers.get('content-type')).toBe('image/svg+xml');
  });
});
