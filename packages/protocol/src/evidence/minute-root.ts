import { type Decoded, fixed, record, text, u32 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';

const minuteRootBody = record({
  /** Name of the hub instance in its certificate. */
  instance: text(64),
  hubHour: u32,
  /** How many words of minutes it judged in that hour. */
  words: u32,
  /** `merkleRoot` over the roots of groups of its words, each behind the group's name. */
  root: fixed(32),
});
export type MinuteRoot = Decoded<typeof minuteRootBody>;

/** What an instance judged in an hour, signed by its key: whose words are altered, or not vouched for, is named. */
export const minuteRootKind: SignedKind<MinuteRoot> = {
  context: CONTEXT.minuteRoot,
  body: minuteRootBody,
  title: 'root of an hour of minutes',
};
