import type { Evidence } from '#nodes/index.ts';
import { Course } from './course.ts';
import type { Freeze } from './freezes.ts';
import type { RegionRuleId } from './rule.ts';
import { REGION_OWNER, type Settings, timingOf } from './settings.ts';
import { type HeldStanding, keyOf } from './standing-store.ts';

/** Something signed on which the region rests, and how long before its end it must have been renewed. */
export interface Expiry {
  /** Which rule tells of it. */
  readonly rule?: 'certificate' | 'release-metadata';
  readonly name: string;
  readonly notAfter: number;
  readonly warnMs: number;
}

/** A rollout that its gate halted, or would halt. */
export interface HaltedRollout {
  readonly rolloutId: string;
  /** What it brings, for people. */
  readonly label: string;
  readonly since: number;
  readonly reason: string;
}

/** What pays nobody, for it is not what was signed. */
export interface RefusedEvidence {
  /** Whose it is said to be: an instance, or a node. */
  readonly subject: string;
  readonly since: number;
  readonly what: string;
}

/** What keeps a day's mint from its end. */
export interface MintTrouble extends RegionFact {
  readonly rule: 'mint-late' | 'mint-stopped' | 'mint-differs' | 'mint-held-up' | 'mint-gas-low';
}

interface RegionFact {
  readonly rule: RegionRuleId;
  readonly subject: string;
  readonly label: string;
  readonly since: number;
  readonly evidence: readonly Evidence[];
}

/** What holds of the region itself. Ten thousand silent nodes are one fact (F03). */
export function regionFacts(by: {
  freezes: readonly Freeze[];
  expiries: readonly Expiry[];
  halted: readonly HaltedRollout[];
  refused?: readonly RefusedEvidence[];
  mint?: readonly MintTrouble[];
  now: number;
}): RegionFact[] {
  const masses = by.freezes.filter((freeze) => freeze.nodes > 0);
  const silence: RegionFact[] =
    masses.length === 0
      ? []
      : [
          {
            rule: 'mass-silence',
            subject: 'region',
            label: 'This region',
            since: Math.min(...masses.map(({ since }) => since)),
            evidence: masses.flatMap(({ instanceId, since, nodes }) => [
              { name: `Nodes that fell silent at ${instanceId}`, value: String(nodes) },
              { name: 'Their states stand still since', at: since },
            ]),
          },
        ];
  const ending = by.expiries.filter(({ notAfter, warnMs }) => by.now > notAfter - warnMs);
  return [
    ...silence,
    ...ending.map(({ rule = 'certificate', name, notAfter, warnMs }) => ({
      rule,
      subject: name,
      label: name,
      since: notAfter - warnMs,
      evidence: [{ name: 'Ends', at: notAfter }],
    })),
    ...by.halted.map(({ rolloutId, label, since, reason }) => ({
      rule: 'rollout-halted' as const,
      ...{ subject: rolloutId, label, since },
      evidence: [{ name: 'Reason', value: reason }],
    })),
    ...(by.refused ?? []).map(({ subject, since, what }) => ({
      rule: 'evidence-refused' as const,
      ...{ subject, label: subject, since },
      evidence: [{ name: 'What', value: what }],
    })),
    ...(by.mint ?? []),
  ];
}

/** As `watchNodes`, for the region. What is wrong with it is told at first sight: who runs it has just started it. */
export async function watchRegion(
  facts: readonly RegionFact[],
  held: readonly HeldStanding[],
  by: { settings: Settings; now: number },
): Promise<Course> {
  const course = new Course();
  const present = new Map(facts.map((fact) => [keyOf({ owner: REGION_OWNER, ...fact }), fact]));
  const standings = new Map(held.map((each) => [keyOf(each), each]));
  for (const key of new Set([...present.keys(), ...standings.keys()])) {
    const fact = present.get(key);
    const standing = standings.get(key);
    const rule = (fact?.rule ?? standing?.rule) as RegionRuleId;
    const subject = fact?.subject ?? standing?.subject ?? '';
    const setting = by.settings.rule(REGION_OWNER, rule);
    course.move(
      standing,
      {
        now: by.now,
        holds: fact !== undefined,
        since: fact?.since ?? by.now,
        first: false,
        mutedUntil: await by.settings.mutedUntil(REGION_OWNER, rule, subject),
        timing: timingOf(setting),
      },
      {
        ...{ owner: REGION_OWNER, rule, subject },
        label: fact?.label ?? (subject === 'region' ? 'This region' : subject),
        evidence: fact?.evidence ?? [],
      },
    );
  }
  return course;
}
