import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fragments, LiveStream } from './live-stream.ts';

function fragments(of: Record<string, string>): Fragments {
  return { fragment: (key) => of[key] };
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

describe('LiveStream', () => {
  it('sends what is marked as one unnamed event, line breaks kept', async () => {
    const stream = new LiveStream({ now: 0, onEnd: () => {} });
    const reader = stream.body.getReader();
    expect(await read(reader)).toBe('retry: 1000\n\n');
    const source = fragments({ a: '<b>1</b>', b: 'x\ny\r\nz' });
    for (const key of ['a', 'b', 'gone', 'a']) stream.mark(source, key);
    stream.flush(1_000);
    expect(await read(reader)).toBe('data: <b>1</b>x\ndata: y\ndata: z\n\n');
  });

  it('says nothing for nothing, but a comment every 15 s', async () => {
    const stream = new LiveStream({ now: 0, onEnd: () => {} });
    const reader = stream.body.getReader();
    await read(reader);
    for (let now = 1_000; now <= 15_000; now += 1_000) stream.flush(now);
    expect(await read(reader)).toBe(':\n\n');
  });

  it('F26: a stalled reader costs its buffer and one message at most, and gets the newest in the end', async () => {
    const stream = new LiveStream({ now: 0, onEnd: () => {} });
    const state = { k: '' };
    const source: Fragments = { fragment: () => state.k };
    let offered = 0;
    for (let tick = 1; tick < 50; tick += 1) {
      state.k = `${tick} ${'x'.repeat(20_000)}`;
      offered += state.k.length;
      stream.mark(source, 'k');
      stream.flush(tick * 1_000);
    }
    const reader = stream.body.getReader();
    // The opening line and four messages fill the buffer; the last 45 states were never queued.
    const queued = [
      await read(reader),
      await read(reader),
      await read(reader),
      await read(reader),
      await read(reader),
    ];
    expect(queued.join('').length).toBeLessThan(64 * 1024 + 20_100);
    expect(offered).toBeGreaterThan(900_000);
    stream.flush(50_000);
    expect(await read(reader)).toMatch(/^data: 49 x/);
  });

  it('F26: a reader that takes nothing for a minute is let go', () => {
    let ended = 0;
    const stream = new LiveStream({ now: 0, onEnd: () => (ended += 1) });
    const source = fragments({ k: 'x'.repeat(70_000) });
    stream.mark(source, 'k');
    stream.flush(1_000);
    stream.flush(60_999);
    expect(ended).toBe(0);
    stream.flush(61_000);
    stream.flush(62_000);
    expect(ended).toBe(1);
  });

  it('ends when its reader goes, once, and after 15 minutes in any case', async () => {
    let ended = 0;
    const gone = new LiveStream({ now: 0, onEnd: () => (ended += 1) });
    await gone.body.cancel();
    gone.close();
    const old = new LiveStream({ now: 0, onEnd: () => (ended += 1) });
    old.flush(15 * 60_000);
    expect(ended).toBe(2);
  });

  it('gives a reader that keeps up the last state of every key, whatever is marked when', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.integer(), flush: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const state: Record<string, string> = {};
        const source = fragments(state);
        const stream = new LiveStream({ now: 0, onEnd: () => {} });
        for (const { key, value, flush } of steps) {
          state[key] = `${key}=${value};`;
          stream.mark(source, key);
          if (flush) stream.flush(1);
        }
        stream.flush(1);
        stream.close();
        const seen: Record<string, string> = {};
        const text = await new Response(stream.body).text();
        for (const [pair, key] of text.matchAll(/([abc])=-?\d+;/g)) seen[key!] = pair;
        expect(seen).toEqual(state);
      }),
    );
  });
});
