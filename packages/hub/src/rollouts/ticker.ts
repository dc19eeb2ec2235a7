import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { AssignmentStore } from './assignment-store.ts';
import type { Carriers } from './carrier.ts';
import type { FleetStore } from './fleet-store.ts';
import type { PauseAll } from './pause-all.ts';
import { type Comparison, decide, perMinute, ringsJudged, setAside } from './plan/index.ts';
import type { RingStore } from './ring-store.ts';
import type { Rollout, RolloutEvidence } from './rollout.ts';
import type { RolloutStore } from './rollout-store.ts';

export interface RolloutTickerDeps {
  readonly sql: Sql;
  readonly rollouts: RolloutStore;
  readonly rings: RingStore;
  readonly fleet: FleetStore;
  readonly assignments: AssignmentStore;
  readonly pauseAll: PauseAll;
  readonly carriers: Carriers;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly onMoved: (rolloutId: string) => void;
  /** Why nodes would take nothing more of it; undefined: they do. */
  readonly faultOf: (rollout: Rollout) => Promise<string | undefined>;
  /** 1; in a rehearsal, how many times as fast as in earnest it goes. */
  readonly hurry: () => Promise<number>;
}

/** Groups are compared by means that hardly move within it, and that are dear to take. */
const COMPARED_MS = 60_000;
const LATE_MS = 60_000;

/**
 * Takes every open rollout one step on. All that it knows lies in the database, so whichever instance holds the lease goes
 * on where the one before stopped; two at once would see each other by the revision of the row.
 */
export class RolloutTicker implements Task {
  readonly name = 'rollouts';
  readonly periodMs = 10_000;
  readonly #deps: RolloutTickerDeps;
  readonly #compared = new Map<
    string,
    { readonly at: number; readonly comparisons: readonly Comparison[] }
  >();
  #drawnAt = 0;

  constructor(deps: RolloutTickerDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { rollouts, fleet, rings, clock } = this.#deps;
    const open = await rollouts.open();
    if (open.length === 0) return;
    const now = clock.now();
    if (now - this.#drawnAt >= LATE_MS) {
      this.#drawnAt = now;
      for (const { rolloutId } of open) await rings.drawLate(rolloutId);
    }
    const deaf = await fleet.deaf(now);
    for (const rollout of open) await this.#step(rollout, now, deaf);
  }

  async #step(rollout: Rollout, now: number, deaf: boolean): Promise<void> {
    const { rollouts, fleet, assignments, pauseAll, sql, log, onMoved } = this.#deps;
    const carrier = this.#deps.carriers(rollout);
    const hurry = await this.#deps.hurry();
    const { rolloutId, course, security } = rollout;
    await carrier.hear({ now, deaf });
    await assignments.settle(rollout, { now, deaf });
    const judged = ringsJudged(course.ring);
    const tally = await fleet.tally(rollout, judged, { now, hurry });
    const all = await fleet.nodesOf(tally.failing.map(({ owner }) => owner));
    const found = setAside({ ring: course.ring, tally, all: (owner) => all.get(owner) ?? 1 });
    const aside = found.filter((owner) => !rollout.lifted.includes(owner));
    const { paused } = await pauseAll.read();
    const pace = await fleet.pace(rolloutId, now);
    const decision = decide(course, {
      now,
      counts: await fleet.counts(rollout, judged, { now, aside }),
      tally,
      comparisons: deaf ? [] : await this.#comparisons(rollout, now),
      ...pace,
      // What mends a security fault is not held by silence: that may be the fault's own doing.
      pausedAll: paused || (deaf && !security) || awaitsApproval(rollout),
      fault: await this.#deps.faultOf(rollout),
      ...{ security, hurry },
    });
    const evidence: RolloutEvidence = {
      at: now,
      checks: decision.verdict.checks,
      rings: await fleet.progress(rolloutId),
      setAside: aside,
      failing: tally.failing.slice(0, SHOWN),
      ...(decision.warning !== undefined && { warning: decision.warning }),
      deaf,
      perMinute: perMinute(pace.successes) * hurry,
    };
    if (!(await rollouts.move(sql, rollout, decision.course, evidence))) return;
    if (decision.course.state === 'halted' && course.state !== 'halted') {
      log.error({ rolloutId, reason: decision.course.reason }, 'a rollout was halted');
      await carrier.recall(now);
    }
    const { ring } = decision.course;
    const started = await assignments.start(rollout, { ring, most: decision.start, now, aside });
    await carrier.give(started, now);
    onMoved(rolloutId);
  }

  async #comparisons(rollout: Rollout, now: number): Promise<readonly Comparison[]> {
    if (rollout.course.soakSince === undefined || rollout.course.state !== 'running') return [];
    const held = this.#compared.get(rollout.rolloutId);
    if (held !== undefined && now - held.at < COMPARED_MS) return held.comparisons;
    const comparisons = await this.#deps.fleet.comparisons(rollout, now);
    this.#compared.set(rollout.rolloutId, { at: now, comparisons });
    return comparisons;
  }
}

function awaitsApproval({ cargo }: Rollout): boolean {
  return cargo.kind === 'chainweb' && cargo.awaitsApproval;
}

/** Owners that are named; the rest is a number. */
const SHOWN = 50;
