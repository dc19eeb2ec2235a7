import { peek } from '@stoa/protocol';
import { makeParties } from '@stoa/protocol/fixtures';
import { expect, it } from 'vitest';
import { GapCheck, sealGap } from './gap-seal.ts';
import type { GapCause, GapRecord } from './gap-store.ts';

const DAY = 20_000 * 1_440;

/** Granted whole, and nothing of it counted. */
function gapAt(cause: GapCause, minute: number): GapRecord {
  const span = { from: DAY + minute, until: DAY + minute + 17 };
  const gap = { instanceId: 'a', cause, ...span, granted: { ...span, counted: 0 } };
  const { hub, chain } = makeParties('gaps');
  return { ...gap, seal: sealGap(gap, { ...hub, chain }) };
}

function checkOf(declared: readonly GapRecord[], by: string, judgedAt = 0): GapCheck {
  return new GapCheck({
    store: { byRule: async () => [...declared], isOnRecord: async () => false },
    words: { hasJudged: async (_id, { from, until }) => from <= judgedAt && judgedAt < until },
    check: { opened: (kind, { sealed }) => ({ said: peek(kind, sealed), by }) },
  });
}

it('a gap of an instance that went on judging was not one, whoever says that it is lost', async () => {
  const gap = gapAt('lost', 600);
  expect(await checkOf([gap], 'b').isVouched(gap)).toBe(true);
  // What it stored of the minute after its last whole one, and what it judges when it is back.
  for (const minute of [602, 610]) expect(await checkOf([gap], 'b', DAY + minute).isVouched(gap)).toBe(true);
  expect(await checkOf([gap], 'b', DAY + 606).isVouched(gap)).toBe(false);
});

it('gaps in which nothing is counted are bounded a day, and one that nobody signed takes nothing', async () => {
  const all = Array.from({ length: 40 }, (_, i) => gapAt('restart', i * 18));
  const junk = all.map((gap) => ({ ...gap, seal: undefined }));
  const check = checkOf([...junk, ...all], 'a');
  const vouched = [];
  for (const gap of all) if (await check.isVouched(gap)) vouched.push(gap);
  // 54 minutes, and 120 with the slack of six.
  expect(vouched).toHaveLength(Math.floor((54 + 120 + 6) / 17));
});
