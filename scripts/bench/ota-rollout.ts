import { LAST_CANARY_RING, LAST_RING, VOLUNTEER_RING } from '@stoa/hub/rollouts/plan';
import type { Bench } from './result.ts';
import { result } from './result.ts';
import { type Behaviour, type FleetOptions, type Outcome, RolloutFleet } from './rollout-fleet.ts';

const NODES = 10_000;
const FLEET = { nodes: NODES, owners: 1_000, own: 3, volunteers: 25 };
const MOST_TOUCHED = 0.015 * NODES;
const HONEST: FleetOptions['liars'] = { count: 0, say: 'praise' };
const HEALTHY: Behaviour = { everyLook: 0, ofHosts: 0, noise: 0.003, memory: 0 };

interface Scenario {
  readonly release: Behaviour;
  readonly liars: FleetOptions['liars'];
  readonly good: (outcome: Outcome) => boolean;
  /** Of the seeds, at least so many are good; undefined where it is measured and nothing is asked. */
  readonly atLeast: number | undefined;
}

const completes = ({ state, ring }: Outcome) => state === 'complete' && ring === LAST_RING;
const caught = ({ state, ring, touched }: Outcome) =>
  state === 'halted' && ring <= LAST_CANARY_RING && touched < MOST_TOUCHED;
const halts = ({ state }: Outcome) => state === 'halted';

/** What the issue asks, and beside it what it does not: docs/decisions/rollout-gate.md has the reasons. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  healthy: { release: HEALTHY, liars: HONEST, good: completes, atLeast: 0.95 },
  bad: { release: { ...HEALTHY, everyLook: 0.03 }, liars: HONEST, good: caught, atLeast: 0.95 },
  healthyUnderLiars: { release: HEALTHY, liars: { count: 10, say: 'fail' }, good: completes, atLeast: 0.95 },
  badUnderLiars: {
    release: { ...HEALTHY, everyLook: 0.03 },
    liars: { count: 10, say: 'praise' },
    good: caught,
    atLeast: 0.95,
  },
  memory: { release: { ...HEALTHY, memory: 0.1 }, liars: HONEST, good: halts, atLeast: 0.95 },
  badForHosts: { release: { ...HEALTHY, ofHosts: 0.03 }, liars: HONEST, good: halts, atLeast: 0.95 },
};

/**
 * Rollouts of the real planner over 10,000 simulated nodes of 1,000 owners, a hundred seeds a scenario on a virtual clock;
 * a thousand under --long.
 */
export const benchOtaRollout: Bench = async ({ long, say }) => {
  const seeds = long ? 1_000 : 100;
  const detail: Record<string, unknown> = { ...FLEET, seeds };
  let worst = 1;
  let pass = true;
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const outcomes = Array.from({ length: seeds }, (_, seed) => {
      const random = mulberry32(seed * 7_919 + 1);
      return new RolloutFleet({ ...FLEET, liars: scenario.liars, random }, scenario.release).run();
    });
    const share = outcomes.filter(scenario.good).length / seeds;
    if (scenario.atLeast !== undefined) {
      pass &&= share >= scenario.atLeast;
      worst = Math.min(worst, share);
    }
    const summary = summarise(outcomes, share);
    detail[name] = summary;
    say(`${name}: ${JSON.stringify(summary)}`);
  }
  return result({
    bench: 'ota-rollout',
    value: worst * 100,
    unit: '% of the seeds as they must be, in the worst scenario',
    target: 95,
    better: 'higher',
    peer: null,
    pass,
    detail,
  });
};

function summarise(outcomes: readonly Outcome[], share: number) {
  const touched = outcomes.map((one) => one.touched).sort((a, b) => a - b);
  const at = (quantile: number) =>
    touched[Math.min(touched.length - 1, Math.floor(quantile * touched.length))]!;
  const halted = outcomes.filter(halts);
  return {
    asItMustPercent: share * 100,
    complete: outcomes.filter(completes).length,
    haltedInRing: Array.from(
      { length: LAST_RING + 1 },
      (_, ring) => halted.filter((one) => one.ring === ring).length,
    ),
    haltedInRing1Or2: halted.filter(({ ring }) => ring >= VOLUNTEER_RING && ring <= LAST_CANARY_RING).length,
    touchedPercent: { median: at(0.5) / 100, p95: at(0.95) / 100, most: at(1) / 100 },
    hours: outcomes.reduce((sum, { hours }) => sum + hours, 0) / outcomes.length,
    haltFor: halted[0]?.reason ?? null,
  };
}

/** Small, seeded, and good enough for dice. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
