import { duration } from '../console/format.ts';
import { type Instant, judgedAt, lateAfterMs, offlineAfterMs } from './liveness.ts';

export const STATES = [
  'online',
  'late',
  'offline',
  'syncing',
  'behind',
  'forked',
  'new',
  'disputed',
  'quarantined',
  'refused',
  'retired',
] as const;
export type StateName = (typeof STATES)[number];

export const STATE_WORDS: Readonly<Record<StateName, string>> = {
  online: 'Online',
  late: 'Late',
  offline: 'Offline',
  syncing: 'Syncing',
  behind: 'Behind',
  forked: 'Forked',
  new: 'New',
  disputed: 'Disputed',
  quarantined: 'Quarantined',
  refused: 'Refused',
  retired: 'Retired',
};

/** What asks for a person, the most pressing first. A node that is late or syncing needs patience only. */
export const NEEDS_YOU: readonly StateName[] = ['disputed', 'quarantined', 'forked', 'offline', 'behind'];

/** Blocks behind the verified head, on the worst chain, up to which a node counts as at the tip (gate 3). */
export const TIP_WITHIN = 3;

/** What decides a node's state. Milliseconds since 1970. */
export interface JudgedFacts {
  readonly retiredAt?: number | undefined;
  readonly refusedAt?: number | undefined;
  readonly quarantinedAt?: number | undefined;
  readonly disputedAt?: number | undefined;
  /** Of the newest frame of any kind. */
  readonly lastSeen?: number | undefined;
  readonly forked: boolean;
  /** The newest heartbeat that was at the tip. */
  readonly atTipAt?: number | undefined;
}

/** What decides it, and what explains it. */
export interface StateFacts extends JudgedFacts {
  readonly createdAt: number;
  readonly quarantineReason?: string | undefined;
  /** Worst chain at the last heartbeat; undefined: a tip is unknown to the hub. */
  readonly lag?: number | undefined;
  readonly chainweb: string;
}

export interface Evidence {
  readonly name: string;
  readonly value?: string;
  readonly at?: number;
}

/** A state with what it rests on, in words for the node's owner. */
export interface NodeState {
  readonly name: StateName;
  /** Since when, as far as the stored facts tell. */
  readonly since: number | undefined;
  readonly rule: string;
  readonly evidence: readonly Evidence[];
  /** What would change it. */
  readonly change: string;
}

/** Whether a heartbeat counts as at the tip. Fail-closed: what is unknown does not. */
export function atTip(beat: { lag: number | undefined; forked: boolean; chainweb: string }): boolean {
  return beat.lag !== undefined && beat.lag <= TIP_WITHIN && !beat.forked && beat.chainweb === 'up';
}

/**
 * The rules, the first that holds. `stateSql` says the same to the database.
 *
 * Hysteresis: silence counts after two intervals, and being off the tip counts once the newest report at the tip is as
 * old; coming back counts at once. So neither a lost frame nor a block that is late for a moment shows.
 */
export function stateName(facts: JudgedFacts, at: Instant): StateName {
  if (facts.retiredAt !== undefined) return 'retired';
  if (facts.refusedAt !== undefined) return 'refused';
  if (facts.quarantinedAt !== undefined) return 'quarantined';
  if (facts.disputedAt !== undefined) return 'disputed';
  if (facts.lastSeen === undefined) return 'new';
  const judged = judgedAt(at);
  const lateBefore = judged - lateAfterMs(at.intervalMs);
  if (facts.lastSeen < judged - offlineAfterMs(at.intervalMs)) return 'offline';
  if (facts.lastSeen < lateBefore) return 'late';
  if (facts.atTipAt !== undefined && facts.atTipAt >= lateBefore) return 'online';
  if (facts.forked) return 'forked';
  return facts.atTipAt === undefined ? 'syncing' : 'behind';
}

/** The one predicate of health, used everywhere: reachable and not lagging; fail-closed. */
export function healthy(name: StateName): boolean {
  return name === 'online';
}

/** The state and its explanation: rule, evidence, what would change it. */
export function deriveState(facts: StateFacts, at: Instant): NodeState {
  const name = stateName(facts, at);
  const explained = EXPLAIN[name](facts, at);
  const frozen: Evidence[] =
    judgedAt(at) === at.now ? [] : [{ name: 'States stand still since', at: judgedAt(at) }];
  return { name, ...explained, evidence: [...explained.evidence, ...frozen] };
}

type Explanation = Omit<NodeState, 'name'>;

const lastFrame = (facts: StateFacts): Evidence[] =>
  facts.lastSeen === undefined ? [] : [{ name: 'Last frame', at: facts.lastSeen }];

const tipEvidence = (facts: StateFacts): Evidence[] => [
  ...lastFrame(facts),
  facts.lag === undefined
    ? { name: 'Worst chain', value: 'a tip is not known to the hub' }
    : { name: 'Worst chain', value: `${facts.lag} blocks behind` },
  { name: 'chainweb, says the agent', value: facts.chainweb },
  facts.atTipAt === undefined
    ? { name: 'Last at the tip', value: 'never' }
    : { name: 'Last at the tip', at: facts.atTipAt },
];

const recorded = (what: string, at: number | undefined): Evidence[] => [
  at === undefined ? { name: what, value: 'yes' } : { name: what, at },
];

const after = (instant: number | undefined, ms: number): number | undefined =>
  instant === undefined ? undefined : instant + ms;

const EXPLAIN: Readonly<Record<StateName, (facts: StateFacts, at: Instant) => Explanation>> = {
  online: (facts, { intervalMs }) => ({
    since: undefined,
    rule: `It is heard from, and within the last ${duration(lateAfterMs(intervalMs))} it was at most ${TIP_WITHIN} blocks behind on every chain.`,
    evidence: tipEvidence(facts),
    change: `Silence of ${duration(lateAfterMs(intervalMs))} makes it late; being further behind for as long makes it behind.`,
  }),
  late: (facts, { intervalMs }) => ({
    since: after(facts.lastSeen, lateAfterMs(intervalMs)),
    rule: `Nothing was heard from it for ${duration(lateAfterMs(intervalMs))}, two heartbeats and some.`,
    evidence: lastFrame(facts),
    change: `Any frame brings it back at once; silence of ${duration(offlineAfterMs(intervalMs))} makes it offline.`,
  }),
  offline: (facts, { intervalMs }) => ({
    since: after(facts.lastSeen, offlineAfterMs(intervalMs)),
    rule: `Nothing was heard from it for ${duration(offlineAfterMs(intervalMs))} or longer.`,
    evidence: lastFrame(facts),
    change: 'Any frame brings it back at once. On the node, `stoa-agent doctor` says what is in the way.',
  }),
  syncing: (facts) => ({
    since: facts.createdAt,
    rule: 'It is heard from, and has not been at the tip of all ten chains since it joined.',
    evidence: tipEvidence(facts),
    change: `A heartbeat with every chain at most ${TIP_WITHIN} blocks behind makes it online.`,
  }),
  behind: (facts, { intervalMs }) => ({
    since: after(facts.atTipAt, lateAfterMs(intervalMs)),
    rule:
      facts.chainweb === 'up'
        ? `It is heard from, but was not at the tip of all ten chains for ${duration(lateAfterMs(intervalMs))} or longer.`
        : `It is heard from, but its chainweb process is ${facts.chainweb}, so its tips stand still.`,
    evidence: tipEvidence(facts),
    change: `A heartbeat with every chain at most ${TIP_WITHIN} blocks behind makes it online.`,
  }),
  forked: (facts, { intervalMs }) => ({
    since: after(facts.atTipAt, lateAfterMs(intervalMs)) ?? facts.createdAt,
    rule: 'A tip that it reports is a valid header of a branch that the network left.',
    evidence: tipEvidence(facts),
    change: 'It is online again with the first heartbeat whose tips all lie on the winning branch.',
  }),
  new: (facts) => ({
    since: facts.createdAt,
    rule: 'It has joined, and has not sent a frame yet.',
    evidence: [{ name: 'Joined', at: facts.createdAt }],
    change: 'Its first frame. On the node, `stoa-agent run` starts the agent.',
  }),
  disputed: (facts) => ({
    since: facts.disputedAt,
    rule: 'Two living processes call with the identity of this node.',
    evidence: [...recorded('Live clone seen', facts.disputedAt), ...lastFrame(facts)],
    change: 'Its owner stops one of them, and settles which is the node.',
  }),
  quarantined: (facts) => ({
    since: facts.quarantinedAt,
    rule: 'It may connect, and does not earn, until an admin has looked at it.',
    evidence: [
      ...recorded('Quarantined', facts.quarantinedAt),
      { name: 'Reason', value: facts.quarantineReason ?? 'none given' },
      ...lastFrame(facts),
    ],
    change: 'An admin takes it back or refuses it.',
  }),
  refused: (facts) => ({
    since: facts.refusedAt,
    rule: 'Its owner or an admin refused it: no session, no pay. Its identity stays on its disk.',
    evidence: recorded('Refused', facts.refusedAt),
    change: 'Lifting the refusal; the agent asks again within an hour.',
  }),
  retired: (facts) => ({
    since: facts.retiredAt,
    rule: 'It was taken out of the fleet.',
    evidence: recorded('Retired', facts.retiredAt),
    change: 'Joining it anew.',
  }),
};
