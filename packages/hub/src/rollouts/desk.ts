import { randomUUID } from 'node:crypto';
import { compareVersions } from '@stoa/protocol/release';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { PublishedRelease, Releases } from '../releases/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { AssignmentStore } from './assignment-store.ts';
import type { Carriers } from './carrier.ts';
import type { PauseAll } from './pause-all.ts';
import { acted, actsOn, begun, type CourseAct } from './plan/index.ts';
import type { RingStore } from './ring-store.ts';
import type { CargoKind, ReleaseKind, Rollout } from './rollout.ts';
import type { RolloutStore } from './rollout-store.ts';

export interface RolloutDeskDeps {
  readonly sql: Sql;
  readonly releases: Releases;
  /** Content that the newest root lets nodes go down to; undefined: none. */
  readonly rootFloor: () => Promise<string | undefined>;
  /** When the hash of a release became public here, milliseconds since 1970; undefined: nobody wrote it down. */
  readonly firstSeen: (targetsSha256: string) => Promise<number | undefined>;
  readonly rollouts: RolloutStore;
  readonly rings: RingStore;
  readonly assignments: AssignmentStore;
  readonly carriers: Carriers;
  readonly pauseAll: PauseAll;
  readonly audit: AuditLog;
  readonly clock: Pick<Clock, 'now'>;
  readonly onMoved: (rolloutId: string) => void;
}

export interface RolloutRequest {
  readonly kind: ReleaseKind;
  /** Of the targets metadata; undefined: what is in force. */
  readonly targetsVersion?: number | undefined;
}

/** What a rollout would touch, told before it is made. */
export interface RolloutPlan {
  readonly release: PublishedRelease;
  readonly kind: ReleaseKind;
  readonly version: string;
  readonly platforms: readonly string[];
  readonly downgrade: boolean;
  readonly rings: readonly { readonly ring: number; readonly nodes: number; readonly owners: number }[];
  readonly reach: Awaited<ReturnType<RingStore['reach']>>;
}

const TRIES = 5;

/** What people do with rollouts: Ancient Admins, and whoever has a shell on the hub. Each act is in the audit log. */
export class RolloutDesk {
  readonly #deps: RolloutDeskDeps;

  constructor(deps: RolloutDeskDeps) {
    this.#deps = deps;
  }

  /** @throws {HttpError} `no_release`, `release_unfit`, `downgrade_refused`. */
  async plan(viewer: Viewer, { kind, targetsVersion }: RolloutRequest): Promise<RolloutPlan> {
    requireAdmin(viewer);
    const { releases, rings, firstSeen } = this.#deps;
    const release =
      targetsVersion === undefined ? await releases.current() : await releases.find(targetsVersion);
    if (release === undefined)
      throw new HttpError(404, 'no_release', 'There is no such release here.', {
        fix: 'stoa-hub release list shows what was published.',
      });
    const { version, platforms } = this.#targetOf(release, kind);
    const downgrade = await this.#isDowngrade(kind, version);
    const reach = await rings.reach({ kind, version, platforms });
    const by = { seed: release.sha256, before: await firstSeen(release.sha256) };
    return {
      release,
      kind,
      version,
      platforms,
      downgrade,
      reach,
      rings: await rings.preview(by),
    };
  }

  /** @param expected nodes of the plan that was shown. @throws {HttpError} also `radius_changed`, `rollout_open`. */
  async create(viewer: Viewer, request: RolloutRequest & { readonly expected: number }): Promise<Rollout> {
    const { sql, rollouts, rings, firstSeen, audit, clock, onMoved } = this.#deps;
    const now = clock.now();
    requireFresh(viewer, now);
    const plan = await this.plan(viewer, request);
    const nodes = plan.rings.reduce((sum, one) => sum + one.nodes, 0);
    if (nodes !== request.expected)
      throw new HttpError(
        409,
        'radius_changed',
        `The fleet has ${nodes} nodes now, ${request.expected} were shown.`,
        {
          fix: 'Look at the rings again, then begin.',
        },
      );
    const { kind, version, platforms, downgrade, release } = plan;
    const rolloutId = randomUUID();
    const before = await firstSeen(release.sha256);
    await sql.begin(async (tx) => {
      const made = await rollouts.create(tx, {
        ...{ rolloutId, version, security: release.security, seed: release.sha256 },
        cargo: { kind, targetsVersion: release.version, platforms, downgrade },
        ...{ course: begun(now), createdBy: viewer.email, createdAt: now },
      });
      if (!made) throw rolloutOpen(kind);
      await rings.draw(tx, rolloutId, { seed: release.sha256, before });
      const detail = {
        kind,
        version,
        targets: release.version,
        nodes,
        downgrade,
        security: release.security,
      };
      await audit.appendIn(tx, { actor: viewer.email, act: 'rollout.create', subject: rolloutId, detail });
    });
    onMoved(rolloutId);
    return this.#find(rolloutId);
  }

  /** @throws {HttpError} `not_found`, `not_now`. */
  async act(viewer: Viewer, rolloutId: string, by: { act: CourseAct; reason: string }): Promise<Rollout> {
    requireAdmin(viewer);
    const { sql, rollouts, assignments, carriers, audit, clock, onMoved } = this.#deps;
    const now = clock.now();
    requireFresh(viewer, now);
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const rollout = await this.#find(rolloutId);
      const course = acted(rollout.course, by.act, { now, reason: by.reason });
      if (course === undefined)
        throw new HttpError(
          409,
          'not_now',
          `A rollout that is ${rollout.course.state} can't be ${DONE[by.act]}.`,
          {
            fix: `Possible now: ${actsOn(rollout.course).join(', ') || 'nothing, it is over'}.`,
          },
        );
      const moved = await sql.begin(async (tx) => {
        // The ticker moves the row too: what it did meanwhile is looked at first.
        if (!(await rollouts.move(tx, rollout, course))) return false;
        const detail = { version: rollout.version, ring: rollout.course.ring, reason: by.reason };
        await audit.appendIn(tx, {
          actor: viewer.email,
          act: `rollout.${by.act}`,
          subject: rolloutId,
          detail,
        });
        return true;
      });
      if (!moved) continue;
      const carrier = carriers(rollout);
      if (by.act === 'abort') await carrier.recall(now);
      if (by.act === 'resume') await carrier.give(await assignments.unsent(rolloutId), now);
      onMoved(rolloutId);
      return this.#find(rolloutId);
    }
    throw new HttpError(409, 'busy', 'The rollout is being moved by others.', {
      fix: 'Try again.',
      retry: true,
    });
  }

  /** PAUSE ALL, and letting go. */
  async pauseAll(viewer: Viewer, by: { paused: boolean; reason: string }): Promise<void> {
    requireAdmin(viewer);
    const { sql, pauseAll, rollouts, assignments, carriers, audit, clock, onMoved } = this.#deps;
    const now = clock.now();
    // Whoever pulls the cord is not asked for a password first.
    if (!by.paused) requireFresh(viewer, now);
    await sql.begin(async (tx) => {
      if (by.paused) await pauseAll.pause(tx, { actor: viewer.email, at: now, reason: by.reason });
      else await pauseAll.resume(tx);
      const act = by.paused ? 'rollout.pause-all' : 'rollout.resume-all';
      await audit.appendIn(tx, { actor: viewer.email, act, subject: '', detail: { reason: by.reason } });
    });
    for (const rollout of await rollouts.open()) {
      if (!by.paused) await carriers(rollout).give(await assignments.unsent(rollout.rolloutId), now);
      onMoved(rollout.rolloutId);
    }
  }

  /** Asks what is stuck or failed again, or ends it. @param nodeIds undefined: all of it. @returns how many. */
  async stuck(
    viewer: Viewer,
    rolloutId: string,
    by: { act: 'retry' | 'give-up'; nodeIds?: readonly string[] | undefined },
  ): Promise<number> {
    requireAdmin(viewer);
    const { assignments, carriers, audit, clock, onMoved } = this.#deps;
    const now = clock.now();
    requireFresh(viewer, now);
    const rollout = await this.#find(rolloutId);
    const nodeIds =
      by.act === 'retry'
        ? await assignments.retry(rollout, by.nodeIds)
        : await assignments.giveUp(rolloutId, by.nodeIds, now);
    const subject = nodeIds.length === 1 ? nodeIds[0]! : rolloutId;
    const detail = { rollout: rolloutId, version: rollout.version, nodes: nodeIds.length };
    await audit.append({ actor: viewer.email, act: `rollout.${by.act}`, subject, detail });
    if (by.act === 'give-up') await carriers(rollout).giveUp(nodeIds, now);
    onMoved(rolloutId);
    return nodeIds.length;
  }

  /** Lets an owner that was set aside take part again. */
  async lift(viewer: Viewer, rolloutId: string, owner: string): Promise<void> {
    requireAdmin(viewer);
    const { sql, rollouts, audit, clock, onMoved } = this.#deps;
    requireFresh(viewer, clock.now());
    await this.#find(rolloutId);
    await sql.begin(async (tx) => {
      await rollouts.lift(tx, rolloutId, owner);
      await audit.appendIn(tx, {
        actor: viewer.email,
        act: 'rollout.lift',
        subject: rolloutId,
        detail: { owner },
      });
    });
    onMoved(rolloutId);
  }

  async #find(rolloutId: string): Promise<Rollout> {
    const rollout = UUID.test(rolloutId) ? await this.#deps.rollouts.find(rolloutId) : undefined;
    if (rollout === undefined) throw notFound('This rollout');
    return rollout;
  }

  #targetOf(release: PublishedRelease, kind: ReleaseKind): { version: string; platforms: readonly string[] } {
    const { clock } = this.#deps;
    const unfit = (what: string) =>
      new HttpError(409, 'release_unfit', `Release ${release.version} ${what}.`, {
        fix: 'Publish a release that fits: docs/releases.md.',
      });
    if (!release.vouched) throw unfit('is signed by keys that the newest root does not name');
    if (release.expiresAt <= clock.now()) throw unfit('has expired: nodes refuse it');
    const [newest] = release.targets
      .map(({ custom }) => custom)
      .filter((custom) => custom.kind === kind)
      .map(({ version }) => version)
      .sort((a, b) => compareVersions(b, a));
    if (newest === undefined) throw unfit(`has no ${kind}`);
    const platforms = release.targets
      .filter(({ custom }) => custom.kind === kind && custom.version === newest)
      .map(({ custom }) => custom.platform);
    return { version: newest, platforms };
  }

  /** The way down is signed by a root, or it is none. */
  async #isDowngrade(kind: ReleaseKind, version: string): Promise<boolean> {
    const newest = await this.#deps.rollouts.newest(kind);
    if (newest === undefined || compareVersions(version, newest) >= 0) return false;
    const floor = await this.#deps.rootFloor();
    if (floor !== undefined && compareVersions(floor, version) <= 0) return true;
    throw new HttpError(
      409,
      'downgrade_refused',
      `${version} is older than ${newest}, which was rolled out.`,
      {
        fix: 'Only a root that declares a floor at or below it opens the way down: signer root rotate.',
      },
    );
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DONE: Readonly<Record<CourseAct, string>> = { pause: 'paused', resume: 'resumed', abort: 'aborted' };

export function rolloutOpen(kind: CargoKind): HttpError {
  return new HttpError(409, 'rollout_open', `Another rollout of ${kind} is under way.`, {
    fix: 'Abort it first: stoa-hub rollout status names it.',
  });
}

export function requireAdmin(viewer: Viewer): void {
  if (!isAtLeast(viewer, 'ancient')) throw notFound('This page');
}
