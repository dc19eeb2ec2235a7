import { joinBatch, splitBatch } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { LongPollLink } from './long-poll-link.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

function setUp() {
  const timers: { at: number; task: () => void }[] = [];
  const clock = {
    now: () => 0,
    after(at: number, task: () => void) {
      const timer = { at, task };
      timers.push(timer);
      return () => {
        timers.splice(timers.indexOf(timer), 1);
      };
    },
  };
  const link = new LongPollLink({ clock, address: '192.0.2.1' });
  const received: number[][] = [];
  link.onMessage = (message) => received.push([...message]);
  const messages = async (poll: Promise<unknown>) =>
    splitBatch((await (poll as Promise<{ body: Uint8Array }>)).body).map((m) => [...m]);
  return { link, received, messages, timers };
}

describe('LongPollLink', () => {
  it('holds an empty poll until there is something to say', async () => {
    const { link, messages } = setUp();
    const poll = link.poll(1, joinBatch([]));
    link.send(bytes(1));
    expect(await messages(poll)).toEqual([[1]]);
  });

  it('answers a repeated poll as before and does not take its messages twice', async () => {
    const { link, received, messages } = setUp();
    link.send(bytes(9));
    expect(await messages(link.poll(1, joinBatch([bytes(1), bytes(2)])))).toEqual([[9]]);
    expect(await messages(link.poll(1, joinBatch([bytes(1), bytes(2)])))).toEqual([[9]]);
    expect(received).toEqual([[1], [2]]);
  });

  it('gives a poll repeated while it is held the same answer, so that nothing is lost with the first connection', async () => {
    const { link, messages } = setUp();
    const lost = link.poll(1, joinBatch([]));
    const again = link.poll(1, joinBatch([]));
    link.send(bytes(7));
    expect(await messages(lost)).toEqual([[7]]);
    expect(await messages(again)).toEqual([[7]]);
  });

  it('releases a held poll when the next one comes, which takes over', async () => {
    const { link, messages } = setUp();
    const first = link.poll(1, joinBatch([]));
    const second = link.poll(2, joinBatch([]));
    expect(await messages(first)).toEqual([]);
    link.send(bytes(3));
    expect(await messages(second)).toEqual([[3]]);
  });

  it('refuses a poll out of order and a batch that does not parse', () => {
    const { link } = setUp();
    expect(() => link.poll(5, joinBatch([]))).toThrow(/1 expected/);
    expect(() => link.poll(1, bytes(0, 0, 0, 9, 1))).toThrow(/ends within a message/);
  });

  it('delivers what was said before it closed, then says that it is closed', async () => {
    const { link, messages } = setUp();
    link.send(bytes(1));
    link.close(4003, 'replaced');
    expect(await messages(link.poll(1, joinBatch([])))).toEqual([[1]]);
    expect(await link.poll(2, joinBatch([]))).toEqual({ closed: 4003 });
  });

  it('gives up an agent that stops polling', () => {
    const { link, timers } = setUp();
    let closed: number | undefined;
    link.onClose = (code) => {
      closed = code;
    };
    timers.find((timer) => timer.at === 90_000)?.task();
    expect(closed).toBe(1006);
  });
});
