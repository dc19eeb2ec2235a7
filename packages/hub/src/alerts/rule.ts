import type { Evidence, RequiredChainweb } from '#nodes/index.ts';
import { absolute, bytes, duration, percent } from '../console/format.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const RULE_IDS = [
  'offline',
  'behind',
  'forked',
  'disk-high',
  'disk-full',
  'disk-forecast',
  'clone',
  'quarantined',
  'no-payout',
  'chainweb-outdated',
  'chainweb-pressing',
  'update-failed',
  'disputed',
] as const;
export type RuleId = (typeof RULE_IDS)[number];

/** What is about the region, not one node: told to its admins. */
export const REGION_RULE_IDS = [
  'mass-silence',
  'certificate',
  'release-metadata',
  'rollout-halted',
  'evidence-refused',
  'mint-late',
  'mint-stopped',
  'mint-differs',
  'mint-held-up',
  'mint-gas-low',
] as const;
export type RegionRuleId = (typeof REGION_RULE_IDS)[number];

/** What is about an account itself: told to it. */
export const ACCOUNT_RULE_IDS = ['api-key-ending', 'api-key-ended', 'mining-silent'] as const;
export type AccountRuleId = (typeof ACCOUNT_RULE_IDS)[number];

/** What the evaluator reads of a node whose conditions changed. Milliseconds since 1970, bytes, shares of 1. */
export interface AlertFacts {
  readonly lastSeen: number | undefined;
  readonly atTipAt: number | undefined;
  readonly lag: number | undefined;
  readonly chainweb: string;
  readonly disk: number | undefined;
  readonly diskFree: number | undefined;
  readonly bytesPerDay: number | undefined;
  readonly disputedAt: number | undefined;
  readonly quarantinedAt: number | undefined;
  readonly quarantineReason: string | undefined;
  readonly chainwebVersion: string | undefined;
  /** What the region's admins require; undefined: no version. */
  readonly requiredChainweb: RequiredChainweb | undefined;
  /** The update that did not stay; undefined: none, or it is past. */
  readonly failedUpdate:
    | { readonly at: number; readonly target: string; readonly version: string; readonly reason: string }
    | undefined;
}

export interface RuleWords {
  readonly word: string;
  readonly severity: 'critical' | 'warning';
  /** What makes it fire. */
  readonly rule: string;
  /** What would change it. */
  readonly change: string;
}

export interface Rule extends RuleWords {
  readonly id: RuleId;
  /** Its place in `alert_watch.bits`; never used again for another. */
  readonly bit: number;
  /** Whether its time stands still with the states of the nodes (F03). */
  readonly byLiveness: boolean;
  readonly delayMs: number;
  /** An owner's own delay is not less: below it the hub could not tell an outage of its own from the node's. */
  readonly leastDelayMs: number;
  /** Since when it holds; undefined: nothing stored tells, so since it was first seen. */
  since(facts: AlertFacts): number | undefined;
  evidence(facts: AlertFacts): readonly Evidence[];
}

/** Shares of the disk in use at which a rule holds and below which it no longer does. */
export const DISK = { high: [0.85, 0.83], full: [0.95, 0.93] } as const;
/** Days until the disk is full, likewise. */
export const FORECAST_DAYS = [7, 10] as const;
const DAY = 24 * HOUR;

const at = (name: string, instant: number | undefined): Evidence =>
  instant === undefined ? { name, value: 'never' } : { name, at: instant };

const disk = ({ disk: used, diskFree }: AlertFacts): Evidence[] => [
  { name: 'In use', value: used === undefined ? 'not reported' : percent(used) },
  { name: 'Free', value: diskFree === undefined ? 'not reported' : bytes(diskFree) },
];

const tip = (facts: AlertFacts): Evidence[] => [
  at('Last at the tip', facts.atTipAt),
  {
    name: 'Worst chain',
    value: facts.lag === undefined ? 'not known to the hub' : `${facts.lag} blocks behind`,
  },
  { name: 'chainweb, says the agent', value: facts.chainweb },
];

/** How long the disk lasts at the rate of the last week. */
export function fullInMs({ diskFree, bytesPerDay }: AlertFacts): number | undefined {
  if (diskFree === undefined || bytesPerDay === undefined || bytesPerDay <= 0) return undefined;
  return (diskFree / bytesPerDay) * DAY;
}

function forecast(facts: AlertFacts): Evidence[] {
  const left = fullInMs(facts);
  return [
    { name: 'Full in about', value: left === undefined ? 'not known' : duration(left) },
    { name: 'Fills by', value: `${bytes(facts.bytesPerDay ?? 0)} a day` },
    ...disk(facts),
  ];
}

const chainweb = ({ chainwebVersion, requiredChainweb }: AlertFacts): Evidence[] => [
  { name: 'It runs', value: chainwebVersion ?? 'not known' },
  { name: 'Required', value: requiredChainweb?.version ?? 'none any more' },
  ...(requiredChainweb === undefined ? [] : [{ name: 'By', value: absolute(requiredChainweb.by) }]),
];

/** Safe defaults, all on. `conditionBits` says the same to the database. */
export const RULES: Readonly<Record<RuleId, Rule>> = {
  offline: {
    ...{ id: 'offline', bit: 0, byLiveness: true, delayMs: 5 * MINUTE, leastDelayMs: 3 * MINUTE },
    ...{ word: 'Offline', severity: 'critical' },
    rule: 'Nothing was heard from the node for the delay of this rule.',
    change: 'Any frame from it. On the node, `stoa-agent doctor` says what is in the way.',
    since: (facts) => facts.lastSeen,
    evidence: (facts) => [at('Last frame', facts.lastSeen)],
  },
  behind: {
    ...{ id: 'behind', bit: 1, byLiveness: true, delayMs: 10 * MINUTE, leastDelayMs: 2 * MINUTE },
    ...{ word: 'Behind', severity: 'critical' },
    rule: 'It is heard from, but was not at the tip of all ten chains for the delay of this rule.',
    change: 'A heartbeat with every chain at most 3 blocks behind.',
    since: (facts) => facts.atTipAt,
    evidence: tip,
  },
  forked: {
    ...{ id: 'forked', bit: 2, byLiveness: true, delayMs: 2 * MINUTE, leastDelayMs: 0 },
    ...{ word: 'Forked', severity: 'critical' },
    rule: 'A tip that it reports is a valid header of a branch that the network left.',
    change: 'The first heartbeat whose tips all lie on the winning branch.',
    since: (facts) => facts.atTipAt,
    evidence: tip,
  },
  'disk-high': {
    ...{ id: 'disk-high', bit: 3, byLiveness: false, delayMs: 5 * MINUTE, leastDelayMs: 0 },
    ...{ word: 'Disk 85 % full', severity: 'warning' },
    rule: 'At least 85 % of its disk is in use.',
    change: 'Use below 83 %: remove old logs and backups, or give it a larger disk.',
    since: () => undefined,
    evidence: disk,
  },
  'disk-full': {
    ...{ id: 'disk-full', bit: 4, byLiveness: false, delayMs: MINUTE, leastDelayMs: 0 },
    ...{ word: 'Disk 95 % full', severity: 'critical' },
    rule: 'At least 95 % of its disk is in use; a full disk stops chainweb and may damage its database.',
    change: 'Use below 93 %: remove old logs and backups, or give it a larger disk.',
    since: () => undefined,
    evidence: disk,
  },
  'disk-forecast': {
    ...{ id: 'disk-forecast', bit: 5, byLiveness: false, delayMs: HOUR, leastDelayMs: 0 },
    ...{ word: 'Disk full in a week', severity: 'warning' },
    rule: 'At the rate of the last days (two at least, a week at most) its disk is full within 7 days.',
    change: 'Room for 10 days or more at that rate, or a disk that fills more slowly.',
    since: () => undefined,
    evidence: forecast,
  },
  clone: {
    ...{ id: 'clone', bit: 6, byLiveness: false, delayMs: 0, leastDelayMs: 0 },
    ...{ word: 'Cloned', severity: 'critical' },
    rule: 'Two living processes call with the identity of this node.',
    change: 'Stop one of them, and settle which is the node.',
    since: (facts) => facts.disputedAt,
    evidence: (facts) => [at('Live clone seen', facts.disputedAt)],
  },
  quarantined: {
    ...{ id: 'quarantined', bit: 7, byLiveness: false, delayMs: 0, leastDelayMs: 0 },
    ...{ word: 'Quarantined', severity: 'critical' },
    rule: 'It may connect, and does not earn, until an admin has looked at it.',
    change: 'An admin takes it back or refuses it.',
    since: (facts) => facts.quarantinedAt,
    evidence: (facts) => [
      at('Quarantined', facts.quarantinedAt),
      { name: 'Reason', value: facts.quarantineReason ?? 'none given' },
    ],
  },
  'no-payout': {
    ...{ id: 'no-payout', bit: 8, byLiveness: false, delayMs: HOUR, leastDelayMs: 0 },
    ...{ word: 'No payout account', severity: 'warning' },
    rule: 'What the node earns has no account to go to, so nothing is banked.',
    change: 'An account: on the Payout tab of the node, or for all your nodes under Settings, Payout.',
    since: () => undefined,
    evidence: () => [{ name: 'Payout account', value: 'none' }],
  },
  'chainweb-outdated': {
    ...{ id: 'chainweb-outdated', bit: 9, byLiveness: false, delayMs: HOUR, leastDelayMs: 0 },
    ...{ word: 'Chainweb outdated', severity: 'warning' },
    rule: 'Its chainweb-node is older than the version that admins of the region require by a date.',
    change: 'The required version or a newer one: the job stoachain-upgrade brings it.',
    since: () => undefined,
    evidence: chainweb,
  },
  'chainweb-pressing': {
    ...{ id: 'chainweb-pressing', bit: 10, byLiveness: false, delayMs: HOUR, leastDelayMs: 0 },
    ...{ word: 'Chainweb overdue', severity: 'critical' },
    rule: 'Its chainweb-node is older than the required version, and the date is less than 7 days ahead, or past.',
    change: 'The required version or a newer one: the job stoachain-upgrade brings it.',
    since: () => undefined,
    evidence: chainweb,
  },
  'update-failed': {
    ...{ id: 'update-failed', bit: 11, byLiveness: false, delayMs: 0, leastDelayMs: 0 },
    ...{ word: 'Update failed', severity: 'warning' },
    rule: 'Its last update did not stay: the node runs on as it did before.',
    change:
      'An update that stays. The Updates tab has the reason and the last lines of its log; an admin of the region can have it tried again.',
    since: (facts) => facts.failedUpdate?.at,
    evidence: ({ failedUpdate }) => [
      { name: 'To', value: failedUpdate?.target || 'not known' },
      { name: 'It runs', value: failedUpdate?.version || 'not known' },
      { name: 'Reason', value: failedUpdate?.reason || 'none given' },
    ],
  },
  disputed: {
    ...{ id: 'disputed', bit: 12, byLiveness: false, delayMs: 0, leastDelayMs: 0 },
    ...{ word: 'Disputed', severity: 'warning' },
    rule: 'There is evidence that it is not a node by itself: it answers audits as if it shared a machine, or its certificate answers at another node. What it earns is not changed by that.',
    change: 'An Ancient Admin who looks at the evidence on its Health tab and decides.',
    since: () => undefined,
    evidence: () => [{ name: 'Evidence', value: 'on its Health tab' }],
  },
};

export const REGION_RULES: Readonly<Record<RegionRuleId, RuleWords & { readonly delayMs: number }>> = {
  'mass-silence': {
    ...{ word: 'Many nodes silent', severity: 'critical', delayMs: 0 },
    rule: 'Many nodes of several owners in several networks fell silent together: likely the hub or the net before it, not they. Their states stand still and their owners are not alerted.',
    change: 'Most of them being heard again; after 24 hours at the latest each is judged by itself.',
  },
  certificate: {
    ...{ word: 'Certificate ends soon', severity: 'critical', delayMs: 0 },
    rule: 'A certificate of this region is close to its end and was not renewed.',
    change: 'A renewed certificate. The signer daemon must run; docs/keys.md tells how each key is renewed.',
  },
  'release-metadata': {
    ...{ word: 'Release metadata ends soon', severity: 'warning', delayMs: 0 },
    rule: 'What vouches for the releases of the agent is close to its end, or past it: from then on no node updates. All of them go on running.',
    change:
      'Root and release: signed anew by their holders and published. Snapshot and timestamp: by the hub itself; the page Releases says what keeps it from that. docs/releases.md has the ceremonies.',
  },
  'rollout-halted': {
    ...{ word: 'Rollout halted', severity: 'critical', delayMs: 0 },
    rule: 'The gate of a rollout found its release wanting: nothing more is given to nodes, and what had not begun was taken back. Of a release that mends a security fault this is only a warning.',
    change: 'A person who looks at the evidence on the page of the rollout, and resumes or aborts it.',
  },
  'evidence-refused': {
    ...{ word: 'Evidence refused', severity: 'critical', delayMs: 0 },
    rule: 'What stands in the database about minutes is not what was signed: somebody changed it, or an instance does not sign. It pays nobody.',
    change:
      'Words that are as they were signed: stoa-hub ledger roots HOUR says whose are not; docs/gates.md tells what counts. A day later it is told of no more.',
  },
  'mint-late': {
    ...{ word: 'Mint late', severity: 'critical', delayMs: 0 },
    rule: 'A day was not cut by 07:30 UTC, or not all of its transactions are final an hour after the cut, or settled after three; or one that is given up did not end three hours after its window.',
    change:
      'The sweep coming to its end. Its page says what each chain waits for, and stoa-hub mint status DAY what holds it up.',
  },
  'mint-stopped': {
    ...{ word: 'Mint stopped', severity: 'critical', delayMs: 0 },
    rule: 'A transaction of the mint failed on chain, or all of its attempts died: no program goes on by itself from there.',
    change: 'A person who looks at it, and lets it go on or cancels its day on the page of the sweep.',
  },
  'mint-differs': {
    ...{ word: 'Mint differs', severity: 'critical', delayMs: 0 },
    rule: 'Plan, ledger and chain of a mint do not say the same. Nothing more is sent where they differ.',
    change:
      'A person who finds out which of them is wrong: stoa-hub mint verify DAY names what differs, to the account.',
  },
  'mint-held-up': {
    ...{ word: 'Mint held up', severity: 'warning', delayMs: 10 * MINUTE },
    rule: 'For the delay of this rule something keeps the mint from going on: too few nodes agree, the signer is not there or refuses, an account that pays for gas is empty.',
    change: 'What the fault names, mended; the mint then goes on by itself.',
  },
  'mint-gas-low': {
    ...{ word: 'Gas of the mint runs low', severity: 'warning', delayMs: 0 },
    rule: 'The account that pays for gas on a chain has less than seven days need, by the dearest of the last seven and the present price.',
    change:
      'Coins sent to that account on that chain: the mint stops there once it can’t pay a whole gas limit.',
  },
};

export const ACCOUNT_RULES: Readonly<Record<AccountRuleId, RuleWords & { readonly delayMs: number }>> = {
  'api-key-ending': {
    ...{ word: 'API key ends soon', severity: 'warning', delayMs: 0 },
    rule: 'The last week of an API key has begun, or the last quarter of one that is made for less than four weeks.',
    change: 'Make a new key, give it to the program, then revoke this one: the end of a key cannot be moved.',
  },
  'api-key-ended': {
    ...{ word: 'API key ended', severity: 'warning', delayMs: 0 },
    rule: 'An API key reached its end within the last week: programs that still show it are refused.',
    change: 'A new key for the program, if there still is one; revoking the old one closes this.',
  },
  'mining-silent': {
    ...{ word: 'Mining key silent', severity: 'warning', delayMs: 0 },
    rule: 'A key that your nodes mine to found no block for so long as, by its last blocks (10 at least, 100 at most), comes by chance once in 10,000 blocks, and an hour at least.',
    change:
      'Its next block, once that is 20 deep. Look at the miners of this key: chainweb may be well while nobody hashes for it.',
  },
};

export type AnyRuleId = RuleId | RegionRuleId | AccountRuleId;

export function isRuleId(text: string): text is RuleId {
  return (RULE_IDS as readonly string[]).includes(text);
}

export function isRegionRuleId(text: string): text is RegionRuleId {
  return (REGION_RULE_IDS as readonly string[]).includes(text);
}

export function isAccountRuleId(text: string): text is AccountRuleId {
  return (ACCOUNT_RULE_IDS as readonly string[]).includes(text);
}

/** Path of the page of what an alert is about. */
export function pathOf(rule: string, subject: string): string | undefined {
  if (isRuleId(rule)) return rule === 'update-failed' ? `/nodes/${subject}/updates` : `/nodes/${subject}`;
  if (rule === 'rollout-halted') return `/admin/rollouts/${subject}`;
  if (rule.startsWith('mint-')) return /^\d{4}-/.test(subject) ? `/admin/mint/${subject}` : '/admin/mint';
  if (rule === 'mining-silent') return '/nodes';
  return isAccountRuleId(rule) ? '/settings/api-keys' : undefined;
}

/** How a rule is told, also one that an older hub wrote and this one no longer has. */
export function wordsOf(id: string): RuleWords {
  if (isRuleId(id)) return RULES[id];
  if (isRegionRuleId(id)) return REGION_RULES[id];
  if (isAccountRuleId(id)) return ACCOUNT_RULES[id];
  return { word: id, severity: 'warning', rule: `This hub has no rule '${id}'.`, change: '' };
}

/** All rules' bits together. */
export const ALL_BITS: number = RULE_IDS.reduce((bits, id) => bits | (1 << RULES[id].bit), 0);

/** Of every rule. An alert has recovered after a minute without its condition, and is told again once a day. */
export const CLEAR_MS: number = MINUTE;
export const REMIND_MS: number = DAY;
export const LONGEST_DELAY_MS: number = 7 * DAY;
