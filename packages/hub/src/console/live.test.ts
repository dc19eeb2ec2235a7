import { Hono, type MiddlewareHandler } from 'hono';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Bus } from '../bus.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { Live, type LiveSource, liveUrl, partial } from './live.ts';

/** A clock that stands until it is told to run. */
function manualClock() {
  const due: { at: number; task: () => void }[] = [];
  const clock = {
    time: 0,
    now: () => clock.time,
    after(ms: number, task: () => void) {
      const entry = { at: clock.time + ms, task };
      due.push(entry);
      return () => {
        const index = due.indexOf(entry);
        if (index >= 0) due.splice(index, 1);
      };
    },
    async second() {
      clock.time += 1_000;
      for (const entry of due.splice(0)) entry.task();
      await new Promise(setImmediate);
    },
    get pending() {
      return due.length;
    },
  };
  return clock;
}

class Words implements LiveSource {
  readonly name = 'words';
  readonly asked: { watched: string[]; wanted: string[] }[] = [];
  state: Record<string, string> = {};
  failing = false;
  onAdmit: () => void = () => undefined;

  admit(_viewer: unknown, asked: readonly string[]): readonly string[] {
    this.onAdmit();
    return asked.filter((key) => !key.startsWith('secret'));
  }

  changes(watched: ReadonlySet<string>, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    this.asked.push({ watched: [...watched], wanted: [...wanted] });
    if (this.failing) return Promise.reject(new Error('the database is away'));
    const entries = Object.entries(this.state).filter(([key]) => watched.has(key));
    return Promise.resolve(new Map(entries));
  }
}

const anybody: MiddlewareHandler<HttpEnv> = (c, next) => {
  c.set('viewer', someViewer());
  return next();
};

describe('Live', () => {
  let clock: ReturnType<typeof manualClock>;
  let words: Words;
  let live: Live;
  let bus: Bus;
  let app: HubApp;

  beforeEach(() => {
    clock = manualClock();
    words = new Words();
    bus = new Bus({ log: pino({ level: 'silent' }) });
    live = new Live({ clock, log: pino({ level: 'silent' }), guard: anybody, sources: [words], bus });
    app = new Hono<HttpEnv>();
    live.mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  });
  afterEach(() => {
    live.close();
    expect(live.size).toBe(0);
  });

  async function open(...keys: string[]) {
    const answer = await app.request(liveUrl({ words: keys }));
    const reader = answer.body!.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe('retry: 1000\n\n');
    return { answer, read, close: () => reader.cancel() };
  }

  it('opens with the state of everything it names, then sends what changes', async () => {
    words.state = { a: 'A1', b: 'B1', c: 'C1' };
    const page = await open('a', 'b');
    await clock.second();
    expect(await page.read()).toBe('data: A1B1\n\n');
    words.state = { ...words.state, b: 'B2', c: 'C2' };
    await clock.second();
    expect(await page.read()).toBe('data: B2\n\n');
    expect(page.answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  });

  it('asks a source once a tick for all pages, and tells a late page what it missed', async () => {
    words.state = { a: 'A1', b: 'B1' };
    const first = await open('a');
    await clock.second();
    const second = await open('a', 'b');
    await clock.second();
    expect([await first.read(), await second.read()]).toEqual(['data: A1\n\n', 'data: A1B1\n\n']);
    expect(words.asked).toEqual([
      { watched: ['a'], wanted: ['a'] },
      { watched: ['a', 'b'], wanted: ['b'] },
    ]);
  });

  it('leaves room for others: so many streams of one account, and no more', async () => {
    const open = async () => await app.request(liveUrl({ words: ['a'] }));
    const pages = await Promise.all(Array.from({ length: 100 }, open));
    const refused = await open();
    expect([refused.status, await refused.text()]).toEqual([503, 'too_many_streams']);
    await pages[0]!.body!.cancel();
    const again = await open();
    expect(again.status).toBe(200);
  });

  it('asks nothing while nobody watches', async () => {
    const page = await open('a');
    await clock.second();
    await page.close();
    await clock.second();
    await clock.second();
    expect([words.asked.length, clock.pending, live.size]).toEqual([1, 0, 0]);
  });

  it('sends no age that merely grew', async () => {
    const page = await open('a');
    const told = (age: string, load: number) => `<time class="ago" datetime="T">${age}</time>${load}`;
    words.state = { a: told('1 s ago', 1) };
    await clock.second();
    words.state = { a: told('2 s ago', 1) };
    await clock.second();
    words.state = { a: told('3 s ago', 2) };
    await clock.second();
    expect([await page.read(), await page.read()]).toEqual([
      `data: ${told('1 s ago', 1)}\n\n`,
      `data: ${told('3 s ago', 2)}\n\n`,
    ]);
  });

  it('keeps its pages over a failing source', async () => {
    const page = await open('a');
    words.failing = true;
    await clock.second();
    words.failing = false;
    words.state = { a: 'A1' };
    await clock.second();
    expect(await page.read()).toBe('data: A1\n\n');
    expect(words.asked.at(-1)).toEqual({ watched: ['a'], wanted: ['a'] });
  });

  it('keeps no page waiting for a slow source, and asks that one no more until it answers', async () => {
    const answered = Promise.withResolvers<ReadonlyMap<string, string>>();
    let asked = 0;
    const slow: LiveSource = {
      name: 'slow',
      admit: (_viewer, keys) => keys,
      changes: () => {
        asked += 1;
        return answered.promise;
      },
    };
    live.close();
    live = new Live({
      ...{ clock, log: pino({ level: 'silent' }), guard: anybody, bus },
      sources: [slow, words],
    });
    app = new Hono<HttpEnv>();
    live.mount(app);
    const page = await open('a');
    const other = (await app.request(liveUrl({ slow: ['s'] }))).body!.getReader();
    await other.read();
    for (const state of ['A1', 'A2']) {
      words.state = { a: state };
      // The round begins, then waits no longer for the one that is missing.
      await clock.second();
      await clock.second();
      expect(await page.read()).toBe(`data: ${state}\n\n`);
    }
    expect(asked).toBe(1);
    answered.resolve(new Map([['s', 'S1']]));
    await clock.second();
    expect(new TextDecoder().decode((await other.read()).value)).toBe('data: S1\n\n');
  });

  it('forgets no page that came while a source was asked', async () => {
    words.state = { a: 'A1', b: 'B1' };
    const first = await open('a');
    const changes = words.changes.bind(words);
    const answered = Promise.withResolvers<void>();
    words.changes = async (watched, wanted) => {
      const found = await changes(new Set(watched), new Set(wanted));
      await answered.promise;
      return found;
    };
    await clock.second();
    const second = await open('b');
    answered.resolve();
    await clock.second();
    await clock.second();
    expect([await first.read(), await second.read()]).toEqual(['data: A1\n\n', 'data: B1\n\n']);
    expect(words.asked.at(1)).toEqual({ watched: ['a', 'b'], wanted: ['b'] });
  });

  it('refuses to watch nothing, too much, or what there is not', async () => {
    const many = Array.from({ length: 201 }, (_, i) => `${i}`);
    for (const url of ['/events', '/events?nothing=a', liveUrl({ words: many })])
      expect([(await app.request(url)).status, url]).toEqual([400, url]);
  });

  it('watches only what the viewer may see, and is not there for one who may see nothing of it', async () => {
    words.state = { a: 'A1', secret: 'S1' };
    const page = await open('a', 'secret');
    await clock.second();
    expect(await page.read()).toBe('data: A1\n\n');
    expect((await app.request(liveUrl({ words: ['secret'] }))).status).toBe(404);
  });

  it('ends the streams of who lost rights, and of nobody else', async () => {
    const page = await open('a');
    bus.publish('rights', { account: 'somebody@else.example' });
    expect(live.size).toBe(1);
    bus.publish('rights', { account: 'ancient@stoa.example' });
    expect([live.size, await page.read()]).toEqual([0, '']);
    const again = await open('a');
    bus.publish('rights', { account: undefined });
    expect([live.size, await again.read()]).toEqual([0, '']);
  });

  it('sends a page back that was judged while somebody lost rights', async () => {
    words.onAdmit = () => bus.publish('rights', { account: 'somebody@else.example' });
    const page = await open('a');
    expect([live.size, await page.read()]).toEqual([0, '']);
  });

  it('ends its streams when it closes, and opens no more', async () => {
    const page = await open('a');
    live.close();
    expect(await page.read()).toBe('');
    expect((await app.request(liveUrl({ words: ['a'] }))).status).toBe(503);
  });
});

describe('liveUrl and partial', () => {
  it('name keys by source, and leave out sources without', () => {
    expect(liveUrl({ row: ['a', 'b'], node: [], states: ['q=x%2Cy'] })).toBe(
      '/events?row=a,b&states=q%3Dx%252Cy',
    );
    expect(partial('n-1', '<tr></tr>')).toBe(
      '<hx-partial hx-target="#n-1" hx-swap="outerMorph"><tr></tr></hx-partial>',
    );
  });
});
