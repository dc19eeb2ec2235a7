import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minutesOf, type UptimeBearer, UptimeBook } from './uptime.ts';

const HOUR = 3_600_000;

function bearer(epoch: number): UptimeBearer {
  return { node: { nodeId: 'ab' }, facts: { epoch }, uptime: undefined };
}

/** What a database would hold: the OR of all that was written. */
function stored(
  words: ReturnType<UptimeBook['take']>,
  into = new Map<number, bigint>(),
): Map<number, bigint> {
  for (const word of words) into.set(word.hubHour, (into.get(word.hubHour) ?? 0n) | minutesOf(word));
  return into;
}

describe('UptimeBook', () => {
  it('gives back each marked minute, however often it is written and whatever could not be', () => {
    const marks = fc.array(
      fc.record({ minute: fc.nat({ max: 179 }), write: fc.boolean(), fails: fc.boolean() }),
      {
        maxLength: 120,
      },
    );
    fc.assert(
      fc.property(marks, (given) => {
        const ordered = given.toSorted((a, b) => a.minute - b.minute);
        const book = new UptimeBook();
        const session = bearer(1);
        const written = new Map<number, bigint>();
        for (const { minute, write, fails } of ordered) {
          book.mark(session, 480_000 * HOUR + minute * 60_000 + 59_999);
          if (!write) continue;
          const words = book.take();
          if (fails) book.giveBack(words);
          else stored(words, written);
        }
        stored(book.take(), written);
        const expected = new Map<number, bigint>();
        for (const { minute } of ordered) {
          const hour = 480_000 + Math.floor(minute / 60);
          expected.set(hour, (expected.get(hour) ?? 0n) | (1n << BigInt(minute % 60)));
        }
        expect(written).toEqual(expected);
        expect(book.take()).toEqual([]);
      }),
    );
  });

  it('keeps sessions apart, and writes a minute once', () => {
    const book = new UptimeBook();
    const [first, second] = [bearer(1), bearer(2)];
    book.mark(first, 480_000 * HOUR);
    book.mark(first, 480_000 * HOUR + 30_000);
    book.mark(second, 480_000 * HOUR + 59 * 60_000);
    expect(book.take().map(({ epoch, low, high }) => ({ epoch, low, high }))).toEqual([
      { epoch: 1, low: 1, high: 0 },
      { epoch: 2, low: 0, high: 1 << 29 },
    ]);
    book.mark(first, 480_000 * HOUR + 59_000);
    expect(book.take()).toEqual([]);
  });
});
