import { Hono } from 'hono';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { Bus } from '../bus.ts';
import type { HttpEnv } from '../http.ts';
import { HttpError } from '../http-error.ts';
import type { JobDetail } from './job.ts';
import { LogFollowers } from './log-followers.ts';

const ANN = someViewer('ann@x.example', 'operator');
const BOB = someViewer('bob@x.example', 'operator');

describe('following a log', () => {
  let bus: Bus;
  let followers: LogFollowers;
  let mayRead: boolean;
  let longest: (() => void)[];
  let app: Hono<HttpEnv>;
  beforeEach(() => {
    bus = new Bus({ log: pino({ level: 'silent' }) });
    mayRead = true;
    longest = [];
    followers = new LogFollowers({
      bus,
      clock: {
        after(_ms, task) {
          longest.push(task);
          return () => undefined;
        },
      },
      reader: { show: () => Promise.resolve(mayRead ? ({} as JobDetail) : undefined) },
      logs: {
        async *follow(_jobId, _from, signal) {
          yield Buffer.from('it begins\n');
          if (!signal.aborted)
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        },
      },
    });
    app = new Hono<HttpEnv>();
    app.onError((error, c) => c.text(error.message, error instanceof HttpError ? error.status : 500));
    for (const viewer of [ANN, BOB])
      app.get(`/${viewer.email}`, (c) => followers.answer(c, viewer, { jobId: 'j', from: 0 }));
  });

  /** A reader that has the first piece. */
  const follow = async (viewer: typeof ANN) => {
    const reader = (await app.request(`/${viewer.email}`)).body!.getReader();
    await reader.read();
    return reader;
  };
  const ends = async (reader: Awaited<ReturnType<typeof follow>>) => (await reader.read()).done;

  it('ends with the rights of its reader, and with nobody else’s', async () => {
    const [ann, bob] = [await follow(ANN), await follow(BOB)];
    bus.publish('rights', { account: ANN.email });
    expect([await ends(ann), followers.size]).toEqual([true, 1]);
    bus.publish('rights', { account: undefined });
    expect([await ends(bob), followers.size]).toEqual([true, 0]);
  });

  it('begins with nothing for whoever has just lost them', async () => {
    mayRead = false;
    const answer = await app.request(`/${ANN.email}`);
    expect([await answer.text(), followers.size]).toEqual(['', 0]);
  });

  it('ends after its time, and where its reader leaves', async () => {
    const first = await follow(ANN);
    longest[0]!();
    expect([await ends(first), followers.size]).toEqual([true, 0]);
    const second = await follow(ANN);
    await second.cancel();
    await new Promise(setImmediate);
    expect(followers.size).toBe(0);
  });

  it('is for ten logs of one account at a time', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => follow(ANN)));
    expect((await app.request(`/${ANN.email}`)).status).toBe(429);
    await follow(BOB);
    await all[0]!.cancel();
    await new Promise(setImmediate);
    await follow(ANN);
    expect(followers.size).toBe(11);
  });
});
