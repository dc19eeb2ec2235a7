import fc from 'fast-check';
import { Hono, type MiddlewareHandler } from 'hono';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Bus } from '../bus.ts';
import type { HttpEnv } from '../http.ts';
import { Live, type LiveSource } from './live.ts';
import { type LiveLog, type Reader, readerId } from './live-log.ts';

const PAGE = 3;
const log = pino({ level: 'silent' });
const anybody: MiddlewareHandler<HttpEnv> = (c, next) => {
  c.set('viewer', someViewer());
  return next();
};
const still: LiveSource = {
  name: 'still',
  admit: (_viewer, keys) => keys,
  changes: async (_watched, wanted) => new Map([...wanted].map((key) => [key, `[${key}]`])),
};

/** What is appended outlives the hub, as a table does. */
class Numbers implements LiveLog {
  readonly name = 'numbers';
  length = 0;
  /** Runs while the log is read, as other transactions do. */
  meanwhile: () => void = () => undefined;
  failing = false;

  admit(_viewer: unknown, place: string): Reader {
    return { key: '', place };
  }

  async end(): Promise<string> {
    return String(this.length);
  }

  async read(readers: readonly Reader[]) {
    if (this.failing) throw new Error('the database is away');
    const { length } = this;
    this.meanwhile();
    return new Map(
      readers.flatMap((reader) => {
        const from = Number(reader.place);
        const last = Math.min(length, from + PAGE);
        if (last <= from) return [];
        const html = Array.from({ length: last - from }, (_, i) => `<${from + i + 1}>`).join('');
        return [[readerId(reader), { html, place: String(last), more: last < length }] as const];
      }),
    );
  }
}

/** A browser's page: it takes what comes, and asks from the last id that it had. */
class Page {
  readonly got: number[] = [];
  #id: string | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #held = '';
  readonly #from: string;

  constructor(from: number) {
    this.#from = String(from);
  }

  async open(app: Hono<HttpEnv>): Promise<void> {
    const headers = this.#id === undefined ? undefined : { 'last-event-id': this.#id };
    const answer = await app.request(`/events?still=s&numbers=${this.#from}`, {
      ...(headers && { headers }),
    });
    this.#held = '';
    this.#reader = answer.body?.getReader();
    await this.take();
  }

  /** What arrived is worked off; the connection may be cut after any message. */
  async take(): Promise<void> {
    const chunk = await this.#reader?.read();
    this.#held += new TextDecoder().decode(chunk?.value);
    const messages = this.#held.split('\n\n');
    this.#held = messages.pop() ?? '';
    for (const message of messages) {
      this.#id = /^id: (.*)$/m.exec(message)?.[1] ?? this.#id;
      this.got.push(...[...message.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number)));
    }
  }

  async leave(): Promise<void> {
    await this.#reader?.cancel();
    this.#reader = undefined;
  }
}

type Step = 'append' | 'tick' | 'leave' | 'restart' | 'fail' | 'append while reading';
const steps = fc.array(
  fc.constantFrom<Step>(
    'append',
    'append',
    'tick',
    'tick',
    'tick',
    'leave',
    'restart',
    'fail',
    'append while reading',
  ),
  { maxLength: 60 },
);

class World {
  readonly numbers = new Numbers();
  readonly page: Page;
  #now = 0;
  #hub: { live: Live; app: Hono<HttpEnv> };

  constructor(before: number) {
    this.numbers.length = before;
    this.page = new Page(before);
    this.#hub = this.#start();
  }

  open(): Promise<void> {
    return this.page.open(this.#hub.app);
  }

  readonly steps: Readonly<Record<Step, () => Promise<void> | void>> = {
    append: () => {
      this.numbers.length += 1;
    },
    tick: async () => {
      // At the latest by its comment something comes with each tick.
      this.#now += 16_000;
      await this.#hub.live.tick();
      await this.page.take();
      this.numbers.failing = false;
    },
    leave: async () => {
      await this.page.leave();
      await this.open();
    },
    restart: async () => {
      this.close();
      this.#hub = this.#start();
      await this.open();
    },
    fail: () => {
      this.numbers.failing = true;
    },
    'append while reading': () => {
      this.numbers.meanwhile = () => {
        this.numbers.length += 1;
        this.numbers.meanwhile = () => undefined;
      };
    },
  };

  close(): void {
    this.#hub.live.close();
  }

  #start() {
    const clock = { now: () => this.#now, after: () => () => undefined };
    const live = new Live({
      ...{ clock, log, guard: anybody, sources: [still], logs: [this.numbers] },
      bus: new Bus({ log }),
    });
    const app = new Hono<HttpEnv>();
    live.mount(app);
    return { live, app };
  }
}

describe('a log that pages follow', () => {
  it('comes whole, in order and once, over broken streams, restarts and a database that is away', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(7), async (course, before) => {
        const world = new World(before);
        await world.open();
        for (const step of course) await world.steps[step]();
        for (let i = 0; i < course.length + 2; i += 1) await world.steps.tick();
        world.close();
        const appended = world.numbers.length - before;
        expect(world.page.got).toEqual(Array.from({ length: appended }, (_, i) => before + i + 1));
      }),
      { numRuns: 100 },
    );
  });

  it('waits for a page that takes nothing, and holds no more of the log for it than one answer', async () => {
    const numbers = new Numbers();
    let now = 0;
    const clock = { now: () => now, after: () => () => undefined };
    const live = new Live({
      ...{ clock, log, guard: anybody, sources: [still], logs: [numbers] },
      bus: new Bus({ log }),
    });
    const app = new Hono<HttpEnv>();
    live.mount(app);
    const read = numbers.read.bind(numbers);
    let asked = 0;
    numbers.read = async (readers) => {
      asked += 1;
      const found = await read(readers);
      const wide = [...found].map(
        ([id, entries]) => [id, { ...entries, html: entries.html.padEnd(40_000) }] as const,
      );
      return new Map(wide);
    };
    numbers.length = 1_000;
    const answer = await app.request('/events?still=s&numbers=0');
    const reader = answer.body!.getReader();
    for (let i = 0; i < 20; i += 1) {
      now += 1_000;
      await live.tick();
    }
    expect(asked).toBeLessThan(4);
    const got = [];
    while (got.length < 30) {
      const text = new TextDecoder().decode((await reader.read()).value);
      got.push(...[...text.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number)));
      now += 1_000;
      await live.tick();
    }
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => i + 1));
    live.close();
  });
});
