import { type Rule, refuseUnless } from '#mint/rules/rule.ts';
import { endOf } from '#mint/state.ts';

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

/** Attempts count up, and the one before must be past its end by the signer's clock: two are never alive at once. */
export const attemptInTurn: Rule = ({ setting: { attempt }, subject }, { config, state, now }) => {
  const before = state.attemptsOf(subject.name);
  const { attempts } = config.policy;
  refuseUnless(
    attempt < attempts,
    'mint_attempts',
    `${subject.name} has had ${before.length} attempts, and ${attempts} are all there are: a person has to look`,
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
