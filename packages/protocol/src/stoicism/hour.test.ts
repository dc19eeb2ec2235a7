import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../bytes.ts';
import { GATES } from '../evidence/receipt.ts';
import { type HourEvidence, hourOf, type SessionWord } from './hour.ts';

const FULL = (1n << 60n) - 1n;
const minuteBits = fc.bigInt({ min: 0n, max: FULL });
const session = (epoch: number) => epoch.toString(16).padStart(32, '0');
const none = GATES.map(() => 0n);
const bit = (word: bigint, minute: number) => ((word >> BigInt(minute)) & 1n) === 1n;

const words = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }).chain((epochs) =>
  fc.tuple(
    ...epochs.map((epoch) =>
      fc.tuple(minuteBits, minuteBits, fc.array(minuteBits, { minLength: 7, maxLength: 7 })).map(
        ([acknowledged, judged, failures]): SessionWord => ({
          epoch,
          sessionId: session(epoch),
          acknowledged,
          judged,
          failures: failures.map((failed) => failed & judged),
        }),
      ),
    ),
  ),
);
const evidence: fc.Arbitrary<HourEvidence> = fc.record({
  words,
  checkpoint: fc.option(
    fc.record({
      minutes: minuteBits,
      sessionIds: fc.subarray([1, 2, 3, 4, 5, 6].map((epoch) => fromHex(session(epoch)))),
    }),
    { nil: undefined },
  ),
  gaps: fc.array(fc.record({ minutes: minuteBits, warming: fc.boolean() }), { maxLength: 2 }),
});

/** Minute by minute, to the letter of decision 7. */
function model({ words, checkpoint, gaps }: HourEvidence, minute: number) {
  const named = words.filter(({ sessionId }) =>
    checkpoint?.sessionIds.some((id) => Buffer.from(id).toString('hex') === sessionId),
  );
  const both =
    checkpoint !== undefined &&
    bit(checkpoint.minutes, minute) &&
    named.some(({ acknowledged }) => bit(acknowledged, minute));
  const last = named
    .filter(({ judged }) => bit(judged, minute))
    .sort((a, b) => b.epoch - a.epoch)
    .at(0);
  const granted = gaps.filter((gap) => bit(gap.minutes, minute));
  if (both && last !== undefined) {
    const failed = GATES.filter((_, gate) => bit(last.failures[gate]!, minute));
    if (failed.length === 0) return 'paid';
    return failed.length === 1 && failed[0] === 'warm-up' ? 'pending' : 'failed';
  }
  if (granted.length > 0) return granted.some(({ warming }) => warming) ? 'pending' : 'paid';
  if (both) return 'unjudged';
  const claimed =
    words.some(({ acknowledged }) => bit(acknowledged, minute)) ||
    (checkpoint !== undefined && bit(checkpoint.minutes, minute));
  return claimed ? 'unsupported' : 'nothing';
}

describe('an hour', () => {
  it('is what a plain model says of each of its minutes', () => {
    fc.assert(
      fc.property(evidence, (given) => {
        const hour = hourOf(given);
        for (let minute = 0; minute < 60; minute += 1) {
          const supported = bit(hour.supported, minute);
          const failed =
            supported &&
            !bit(hour.paid, minute) &&
            !bit(hour.pending, minute) &&
            !bit(hour.unjudged, minute) &&
            hour.failures.some((word) => bit(word, minute));
          const is = [
            bit(hour.paid, minute) && 'paid',
            bit(hour.pending, minute) && 'pending',
            bit(hour.unjudged, minute) && 'unjudged',
            failed && 'failed',
            bit(hour.unsupported, minute) && 'unsupported',
            !supported && !bit(hour.unsupported, minute) && 'nothing',
          ].filter((kind) => kind !== false);
          // One thing each minute, so none is ever counted twice.
          expect(is).toEqual([model(given, minute)]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the order, the number or the pieces in which its words were written', () => {
    fc.assert(
      fc.property(evidence, minuteBits, (given, cut) => {
        const pieces = given.words.flatMap((word) => [
          {
            ...word,
            acknowledged: word.acknowledged & cut,
            judged: word.judged & cut,
            failures: word.failures.map((failed) => failed & cut),
          },
          word,
        ]);
        expect(hourOf({ ...given, words: pieces.toReversed() })).toEqual(hourOf(given));
      }),
    );
  });

  it('is not what an instance says that copies the session of another under a later epoch', () => {
    const own = { epoch: 3, sessionId: session(3), acknowledged: FULL, judged: FULL };
    const failed = GATES.map((_, gate) => (gate === 5 ? FULL : 0n));
    const checkpoint = { minutes: FULL, sessionIds: [fromHex(session(3))] };
    for (const epoch of [2, 4]) {
      const copy = { ...own, epoch, acknowledged: 0n, failures: none };
      const given = { words: [{ ...own, failures: failed }, copy], checkpoint, gaps: [] };
      expect(hourOf(given)).toMatchObject({ paid: 0n, supported: FULL });
    }
  });

  it('pays nothing on the word of one side alone', () => {
    const word = { epoch: 1, sessionId: session(1), acknowledged: FULL, judged: FULL, failures: none };
    const sessionIds = [fromHex(session(1))];
    for (const given of [
      { words: [word], checkpoint: undefined, gaps: [] },
      { words: [word], checkpoint: { minutes: 0n, sessionIds }, gaps: [] },
      { words: [], checkpoint: { minutes: FULL, sessionIds }, gaps: [] },
      // An instance that invents a session: the node names another.
      { words: [{ ...word, sessionId: session(9) }], checkpoint: { minutes: FULL, sessionIds }, gaps: [] },
    ])
      expect(hourOf(given)).toMatchObject({ paid: 0n, pending: 0n, supported: 0n, unsupported: FULL });
    expect(hourOf({ words: [word], checkpoint: { minutes: FULL, sessionIds }, gaps: [] }).paid).toBe(FULL);
  });
});
