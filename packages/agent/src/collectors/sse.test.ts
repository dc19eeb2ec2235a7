import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents, type ServerSentEvent } from '#collectors/sse.ts';

async function parse(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const event of readEvents(source, 'GET /updates')) events.push(event);
  return events;
}

describe('a stream of events', () => {
  it('is the same however the network cuts it, and whatever ends its lines', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((raw) => raw.replace(/[\r\n]/g, ''));
    const event = fc.record({ name: text, data: fc.array(text, { minLength: 1, maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 5 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (events, end, sizes) => {
          const lines = events.flatMap(({ name, data }) => [
            ': comment',
            ...(name ? [`event: ${name}`] : []),
            ...data.map((line) => `data: ${line}`),
            '',
          ]);
          const bytes = Buffer.from(`${lines.map((line) => line + end).join('')}: end\n`);
          const chunks: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const expected = events.map(({ name, data }) => ({
            name: name || 'message',
            data: data.join('\n'),
          }));
          expect(await parse(chunks)).toEqual(expected);
        },
      ),
    );
  });

  it('reads fields with and without a space, and ignores what it doesn’t know', async () => {
    const text = 'id: 7\nevent:BlockHeader\ndata:{"a":1}\n\nretry: 10\n\ndata\n\n';
    expect(await parse([Buffer.from(text)])).toEqual([
      { name: 'BlockHeader', data: '{"a":1}' },
      { name: 'message', data: '' },
    ]);
  });

  it('leaves out an event that was never completed', async () => {
    expect(await parse([Buffer.from('data: half')])).toEqual([]);
  });

  it('refuses an event without end', async () => {
    const flood = Array.from({ length: 300 }, () => Buffer.from('x'.repeat(1024)));
    await expect(parse(flood)).rejects.toMatchObject({ code: 'http_too_large' });
  });
});
