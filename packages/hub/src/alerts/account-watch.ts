import type { Evidence } from '#nodes/index.ts';
import { duration } from '../console/format.ts';
import { Course } from './course.ts';
import { type AccountRuleId, REMIND_MS } from './rule.ts';
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
const KEY_REMIND_MS = 30 * DAY;

/** Which of the two holds of a key; undefined: neither. */
export function keyRule({ createdAt, expiresAt }: EndingKey, now: number): AccountRuleId | undefined {
  if (now >= expiresAt) return now < expiresAt + KEY_NOTICE_MS ? 'api-key-ended' : undefined;
  const warnMs = Math.min(KEY_NOTICE_MS, (expiresAt - createdAt) / 4);
  return now >= expiresAt - warnMs ? 'api-key-ending' : undefined;
}

/** A mining key that an owner's nodes mine to. Milliseconds since 1970. */
export interface WatchedKey {
  /** E-mail. */
  readonly owner: string;
  /** 64 hex digits. */
  readonly key: string;
  /** Labels of nodes that mine to it, some of them. */
  readonly nodes: readonly string[];
  readonly simulated: boolean;
  /** Its last blocks, and up to when blocks are counted; undefined: it found one since. */
  readonly silent:
    | {
        readonly blocks: number;
        readonly firstAt: number;
        readonly lastAt: number;
        readonly through: number;
      }
    | undefined;
}

/** What is to be told to an account of something of its own. */
interface AccountFact {
  readonly owner: string;
  readonly rule: AccountRuleId;
  readonly subject: string;
  readonly label: string;
  readonly holds: boolean;
  readonly evidence: readonly Evidence[];
  readonly remindMs: number;
  readonly mute?: boolean;
}

export function keyFacts(keys: readonly EndingKey[], now: number): AccountFact[] {
  return keys.flatMap((key) => {
    const rule = keyRule(key, now);
    if (rule === undefined) return [];
    const evidence = [{ name: rule === 'api-key-ended' ? 'Ended' : 'Ends', at: key.expiresAt }];
    const about = { owner: key.owner, rule, subject: key.keyId, label: `API key ${key.name}` };
    return [{ ...about, holds: true, evidence, remindMs: KEY_REMIND_MS }];
  });
}

export function miningFacts(keys: readonly WatchedKey[]): AccountFact[] {
  return keys.map(({ owner, key, nodes, simulated, silent }) => ({
    ...{ owner, rule: 'mining-silent', subject: key, label: `Mining key ${key.slice(0, 8)}…` },
    ...{ holds: silent !== undefined, remindMs: REMIND_MS, mute: simulated },
    evidence: [
      ...(silent === undefined
        ? []
        : [
            { name: 'Last block', at: silent.lastAt },
            { name: 'None in', value: duration(silent.through - silent.lastAt) },
            {
              name: `Its last ${silent.blocks} came every`,
              value: duration((silent.lastAt - silent.firstAt) / (silent.blocks - 1)),
            },
          ]),
      { name: 'Mined to by', value: nodes.join(', ') },
    ],
  }));
}

/**
 * As `watchNodes`, for accounts. What is no more is closed untold: a key of the API does not recover, it is replaced, and a
 * mining key that nobody mines to is nobody's.
 */
export async function watchAccounts(
  facts: readonly AccountFact[],
  held: readonly HeldStanding[],
  { settings, now }: { settings: Settings; now: number },
): Promise<Course> {
  const course = new Course();
  const left = new Map(held.map((each) => [keyOf(each), each]));
  for (const fact of facts) {
    const standing = left.get(keyOf(fact));
    left.delete(keyOf(fact));
    if (standing === undefined && !fact.holds) continue;
    const { owner, rule, subject, holds, remindMs } = fact;
    course.move(
      standing,
      {
        ...{ now, holds, since: now, first: false },
        mutedUntil: await settings.mutedUntil(owner, rule, subject),
        timing: { ...timingOf(settings.rule(owner, rule)), remindMs },
      },
      fact,
    );
  }
  for (const gone of left.values()) course.close(gone, gone.subject);
  return course;
}
