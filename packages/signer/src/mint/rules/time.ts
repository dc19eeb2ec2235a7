import { epochOf } from '@stoa/protocol/mint';
import { type Rule, refuseUnless } from '#mint/rules/rule.ts';
import { endOf } from '#mint/state.ts';

const DAY_MS = 86_400_000;

export const ttlBounded: Rule = ({ setting: { ttl } }, { config: { policy } }) => {
  refuseUnless(
    ttl >= 1 && ttl <= policy.ttlMax,
    'mint_ttl',
    `a ttl of ${ttl} s is not within 1 to ${policy.ttlMax}`,
  );
};

/** A command of the future would wait in the drawer of whoever stole it. */
export const createdNow: Rule = ({ setting: { creationTime } }, { config: { policy }, now }) => {
  const off = creationTime - Math.floor(now / 1_000);
  refuseUnless(
    Math.abs(off) <= policy.clockSkew,
    'mint_clock',
    `the creation time ${creationTime} is ${Math.abs(off)} s ${off < 0 ? 'before' : 'after'} this signer's clock (at most ${policy.clockSkew})`,
  );
};

/**
 * Attempts count up, and the one before must be past its end by the signer's clock: two are never alive at once. An epoch whose
 * attempts are spent can be given up; an enrolment or a closing holds its chain until it is done, so those have as many each UTC day.
 */
export const attemptInTurn: Rule = ({ act, setting: { attempt }, subject }, { config, state, now }) => {
  const before = state.attemptsOf(subject.name);
  const { attempts } = config.policy;
  const day = epochOf(now);
  const isDaily = act.kind === 'enrol' || act.kind === 'close';
  const counted = isDaily ? before.filter(({ at }) => epochOf(at) === day) : before;
  refuseUnless(
    counted.length < attempts,
    'mint_attempts',
    `${subject.name} has had ${counted.length} attempts${isDaily ? ' today' : ''}, and ${attempts} are all there are${isDaily ? ' in a day' : ''}: a person has to look`,
    isDaily ? { retryAfterMs: (day + 1) * DAY_MS - now } : {},
  );
  refuseUnless(
    attempt === before.length,
    'mint_attempts',
    `attempt ${attempt} of ${subject.name} is not the next one, which is ${before.length}`,
  );
  const last = before.at(-1);
  if (last === undefined) return;
  const end = endOf(last);
  refuseUnless(
    now >= end,
    'mint_attempt_alive',
    `attempt ${last.attempt} of ${subject.name} can be mined until ${new Date(end).toISOString()}`,
    { retryAfterMs: end - now },
  );
};

export const sameContent: Rule = ({ subject }, { state }) => {
  const [first] = state.attemptsOf(subject.name);
  refuseUnless(
    first === undefined || first.content === subject.content,
    'mint_digest_changed',
    `${subject.name} was signed with the content ${first?.content}, not ${subject.content}`,
  );
};
