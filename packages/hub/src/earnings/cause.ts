import { GATES } from '@stoa/protocol';

/**
 * What becomes of a minute, each of them one thing: in this order, the first that holds. `paid` and `waits` are earned; the
 * others cost it.
 */
export const CAUSES = [
  'away',
  'unsupported',
  'unjudged',
  'account',
  'benchmark',
  'tip',
  'commitment',
  'argv',
  'serving',
  'waits',
  'paid',
] as const;
export type Cause = (typeof CAUSES)[number];
/** What costs minutes. */
export type Loss = Exclude<Cause, 'waits' | 'paid'>;

export const LOSSES: readonly Loss[] = CAUSES.filter((cause) => cause !== 'waits' && cause !== 'paid');

/** Gates that cost minutes, with their place in `GATES`: the warm-up only has them wait. */
export const COSTING_GATES: readonly { readonly cause: Loss; readonly gate: number }[] = LOSSES.flatMap(
  (cause) => {
    const gate = (GATES as readonly string[]).indexOf(cause);
    return gate < 0 ? [] : [{ cause, gate }];
  },
);

export interface CauseWords {
  /** As a table names it. */
  readonly name: string;
  /** Number of the gate, as documents count them. */
  readonly gate?: number;
  /** "… because" */
  readonly because: string;
  readonly fix: string;
  /** The tab of the node where that is done. */
  readonly link?: { readonly path: string; readonly word: string };
}

export const WORDS: Readonly<Record<Cause, CauseWords>> = {
  away: {
    name: 'Not connected',
    because: 'the hub did not hear the node',
    fix: 'Look at when it was last seen, and at its agent: stoa-agent doctor.',
    link: { path: '/session', word: 'Session' },
  },
  unsupported: {
    name: 'Told by one side only',
    because: 'only one of hub and node says that it was there',
    fix: 'A minute counts once the node’s own signed checkpoint of the hour is here; it has 24 hours to come. Keep the agent’s data directory, and the clock right.',
    link: { path: '/session', word: 'Session' },
  },
  unjudged: {
    name: 'Not judged',
    because: 'the hub had not looked at its gates yet',
    fix: 'Nothing to do: this happens in the first minute of a session.',
  },
  account: {
    name: 'Payout account',
    gate: 1,
    because: 'no payout account was set',
    fix: 'Set one: what is earned without is lost.',
    link: { path: '/payout', word: 'Payout' },
  },
  benchmark: {
    name: 'Benchmark',
    gate: 2,
    because: 'it had no ServerScore',
    fix: 'Run the job benchmark-node: chainweb is stopped for 3 to 5 minutes.',
    link: { path: '/jobs', word: 'Jobs' },
  },
  tip: {
    name: 'At the tip',
    gate: 3,
    because: 'a chain was more than 3 blocks behind, or its tips were not reported',
    fix: 'Look at which chain lags; a slow disk, few peers or a restart are the usual reasons.',
    link: { path: '/chains', word: 'Chains' },
  },
  commitment: {
    name: 'Committed disk',
    gate: 5,
    because: 'the free disk was less than the committed space and a twentieth',
    fix: 'Free some, or commit less (STOA_AGENT_COMMITTED_GB) and run the benchmark again.',
    link: { path: '', word: 'Health' },
  },
  argv: {
    name: 'Arguments of chainweb',
    gate: 6,
    because: 'chainweb ran without arguments that help the network',
    fix: 'Compare its arguments with what is asked for, change them and restart it.',
    link: { path: '/config', word: 'Config' },
  },
  serving: {
    name: 'Reachable from outside',
    gate: 7,
    because: 'its port did not answer other nodes',
    fix: 'Forward TCP port 1789 to it. Behind carrier-grade NAT it takes a tunnel.',
    link: { path: '/session', word: 'Session' },
  },
  waits: {
    name: 'Earned in warm-up',
    gate: 4,
    because: 'it warms up: 24 hours at the tip with 2 peers',
    fix: 'Nothing to do: what waits becomes Current when the warm-up is over.',
  },
  paid: { name: 'Paid', because: 'no gate failed', fix: 'Nothing to do.' },
};
