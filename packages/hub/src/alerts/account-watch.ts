import { Course } from './course.ts';
import type { AccountRuleId } from './rule.ts';
import { type Settings, timingOf } from './settings.ts';
import { type HeldStanding, keyOf } from './standing-store.ts';

/** An API key close to its end or past it, not revoked. Milliseconds since 1970. */
export interface EndingKey {
  readonly keyId: string;
  /** E-mail. */
  readonly owner: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

const DAY = 24 * 3_600_000;
/** How long before its end a key is told of, and how long after. */
export const KEY_NOTICE_MS: number = 7 * DAY;
/** Longer than a key is told of: once is enough for what was planned. */
const REMIND_MS = 30 * DAY;

/** Which of the two holds of a key; undefined: neither. */
export function keyRule({ createdAt, expiresAt }: EndingKey, now: number): AccountRuleId | undefined {
  if (now >= expiresAt) return now < expiresAt + KEY_NOTICE_MS ? 'api-key-ended' : undefined;
  const warnMs = Math.min(KEY_NOTICE_MS, (expiresAt - createdAt) / 4);
  return now >= expiresAt - warnMs ? 'api-key-ending' : undefined;
}

/** As `watchNodes`, for accounts. What no longer holds is closed untold: a key does not recover, it is replaced. */
export async function watchAccounts(
  keys: readonly EndingKey[],
  held: readonly HeldStanding[],
  { settings, now }: { settings: Settings; now: number },
): Promise<Course> {
  const course = new Course();
  const left = new Map(held.map((each) => [keyOf(each), each]));
  for (const key of keys) {
    const rule = keyRule(key, now);
    if (rule === undefined) continue;
    const about = { owner: key.owner, rule, subject: key.keyId };
    const standing = left.get(keyOf(about));
    left.delete(keyOf(about));
    course.move(
      standing,
      {
        ...{ now, holds: true, since: now, first: false },
        mutedUntil: await settings.mutedUntil(key.owner, rule, key.keyId),
        timing: { ...timingOf(settings.rule(key.owner, rule)), remindMs: REMIND_MS },
      },
      {
        ...about,
        label: `API key ${key.name}`,
        evidence: [{ name: rule === 'api-key-ended' ? 'Ended' : 'Ends', at: key.expiresAt }],
      },
    );
  }
  for (const gone of left.values()) course.close(gone, gone.subject);
  return course;
}
