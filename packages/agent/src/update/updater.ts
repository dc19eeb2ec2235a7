import { join } from 'node:path';
import { type EncodedMessage, encodeAgentMessage, toHex, type UpdateAssignment } from '@stoa/protocol';
import type { Timer } from '#clock.ts';
import { describeError } from '#error.ts';
import type { ProofOfLife } from '#launcher/launched.ts';
import { uniform } from '#random.ts';
import { UpdateError } from '#update/error.ts';
import { type Goal, goalOf } from '#update/goal.ts';
import { awaitsVerdict, isPassing, type Progress } from '#update/machine.ts';
import { type Preferences, readPreferences, writePreferences } from '#update/preferences.ts';
import { previousSlots, ReleaseDesk, type ReleaseDeskOptions } from '#update/release-desk.ts';
import { Succession } from '#update/succession.ts';
import { Trial } from '#update/trial.ts';
import { UpdateCourse } from '#update/update-course.ts';
import { UpdateJournal } from '#update/update-journal.ts';
import {
  declinedStatus,
  type UpdateFacts,
  type UpdateView,
  updateStatus,
  updateView,
} from '#update/update-report.ts';
import { UpdateStages, type UpdateStagesOptions } from '#update/update-stages.ts';
import type { Updates } from '#update/updates.ts';

export interface UpdaterOptions
  extends Omit<ReleaseDeskOptions, 'directory' | 'downloads'>,
    Pick<UpdateStagesOptions, 'random' | 'work' | 'restart'> {
  readonly dataDir: string;
  readonly instance: string;
  /** Another place for files on their way than below `dataDir`: for hosts whose disk is a simulated one. */
  readonly downloads?: string;
  /** As the hub of this session tells it, ms since 1970; undefined before the first session. */
  readonly hubNow: () => number | undefined;
  /** No way leads out of this host. */
  readonly alone: () => boolean;
}

interface Parts {
  readonly journal: UpdateJournal;
  readonly desk: ReleaseDesk;
  readonly wishes: { readonly preferences: Preferences; readonly fault: string };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 1.7 KB each time: so often a node asks whether it still sees what everybody sees. */
const FRESHEN_MS = 12 * HOUR_MS;
/** A goal of the host's own user. */
const HOST_GOAL_MS = 24 * HOUR_MS;
/** A busy node wants to be asked again then. */
const BUSY_MS = 30 * MINUTE_MS;
const BUSY = { state: 'deferred', reason: 'busy', detail: 'another update is under way here' } as const;
const OBEYED = {
  state: 'refused',
  until: 0,
  reason: 'obeyed_before',
  detail: 'this assignment was obeyed or cancelled here before',
} as const;
const REPLACED = {
  state: 'refused',
  until: 0,
  reason: 'replaced',
  detail: 'another update has taken its place here',
} as const;

/**
 * Keeps this node current: takes what it is assigned through the states of `machine.ts`, and tells the hub each one. What may
 * be installed is decided by signatures alone, when by the owner first. Nothing of it is needed to run (F17).
 */
export class Updater implements Updates {
  readonly #options: UpdaterOptions;
  readonly #desk: ReleaseDesk;
  readonly #succession: Succession;
  readonly #course: UpdateCourse;
  readonly #stages: UpdateStages;
  readonly #trial: Trial;
  readonly #startedMs: number;
  /** Of the time that was proven before this process began. */
  readonly #base: number;
  #wishes: Parts['wishes'];
  #send: ((message: EncodedMessage) => void) | undefined;
  #freshen: Timer | undefined;

  private constructor(options: UpdaterOptions, { journal, desk, wishes }: Parts) {
    this.#options = options;
    this.#desk = desk;
    this.#wishes = wishes;
    this.#startedMs = options.clock.monotonic();
    this.#base = Math.max(desk.book.timestampAt, journal.history.progress.since);
    this.#succession = new Succession(options);
    const now = (): number => this.#now();
    this.#stages = new UpdateStages({
      ...options,
      desk,
      now,
      succession: this.#succession,
      course: () => this.#course,
      wishes: () => this.#wishes,
    });
    this.#course = new UpdateCourse({
      ...options,
      journal,
      now,
      act: (progress, signal) => this.#stages.act(progress, signal),
      failed: (error) => this.#stages.failed(error),
      entered: (before, after) => this.#entered(before, after),
      changed: () => this.#tell(),
    });
    this.#trial = new Trial({
      ...options,
      up: () => this.#course.attempt('update-start-not-counted', this.#succession.up()),
      proven: (proof) => this.#course.attempt('update-unconfirmed', this.#proven(proof)),
    });
  }

  /** @throws DiskError, ReleaseError where the program's own root is none. */
  static async open(options: UpdaterOptions): Promise<Updater> {
    const { disk, dataDir, instance } = options;
    const directory = join(dataDir, 'update', instance);
    return new Updater(options, {
      journal: await UpdateJournal.open({ ...options, directory }),
      desk: await ReleaseDesk.open({
        ...options,
        directory,
        downloads: options.downloads ?? join(directory, 'downloads'),
      }),
      wishes: await readPreferences(disk, dataDir),
    });
  }

  start(): void {
    this.#trial.start();
    this.#course.attempt('update-not-resumed', this.#resume());
    const age = this.#now() - this.#desk.book.timestampAt;
    this.#freshenAfter(age >= FRESHEN_MS ? this.#uniform(MINUTE_MS, 30 * MINUTE_MS) : FRESHEN_MS - age);
  }

  stop(): void {
    this.#trial.stop();
    this.#course.stop();
    this.#freshen?.cancel();
    this.#send = undefined;
  }

  connected(): void {
    this.#trial.session();
  }

  opened(send: (message: EncodedMessage) => void): void {
    this.#send = send;
    this.#tell();
  }

  lost(): void {
    this.#send = undefined;
  }

  assigned(assignment: UpdateAssignment): void {
    const { act, id } = assignment;
    const now = this.#now();
    const taken =
      act === 'cancel'
        ? this.#course.take({ type: 'cancelled', id: toHex(id) })
        : this.#obey(goalOf(assignment, now - (this.#options.hubNow() ?? now)));
    // What was obeyed already is answered by how it stands.
    this.#course.attempt(
      'update-not-taken',
      taken.then((changed) => void (changed || this.#tell())),
    );
  }

  async #obey(goal: Goal): Promise<boolean> {
    const changed = await this.#course.take({ type: 'assigned', goal });
    const about = this.#course.progress;
    if (changed || about.goal?.id === goal.id) return changed;
    if (this.#course.knows(goal.id)) this.#decline(goal, OBEYED);
    else this.#decline(goal, { ...BUSY, until: this.#now() + BUSY_MS });
    return false;
  }

  view(): UpdateView {
    return updateView(this.#facts());
  }

  async check(): Promise<UpdateView> {
    await this.#desk.refresh({ mirrors: [], targetsVersion: 0 }, new AbortController().signal);
    this.#tell();
    return this.view();
  }

  async now(): Promise<UpdateView> {
    const { progress, trouble } = this.#course;
    const { state, goal } = progress;
    // One that waits is hurried on; one that does not get on makes way for the host's own.
    if (goal !== undefined && (state === 'deferred' || (state === 'assigned' && trouble === undefined))) {
      this.#stages.hurry(goal.id);
      await this.#course.take({ type: 'due' });
      return this.view();
    }
    await this.check();
    const version = this.#wishes.preferences.pin || this.#desk.newest;
    if (version !== undefined && version !== this.#options.version) await this.#want('install', version);
    return this.view();
  }

  async rollback(to = ''): Promise<UpdateView> {
    if (!(await this.#want('rollback', to))) throw new UpdateError('busy', BUSY.detail);
    return this.view();
  }

  async wish(wishes: Preferences): Promise<UpdateView> {
    const { disk, dataDir } = this.#options;
    await writePreferences(disk, dataDir, wishes);
    this.#wishes = { preferences: wishes, fault: '' };
    if (!(await this.#course.take({ type: 'due' }))) this.#tell();
    return this.view();
  }

  /** Proven time, carried on by the monotonic clock: it grows also where no hub is heard, so every state ends (F09). */
  #now(): number {
    const { clock, time } = this.#options;
    return Math.round(Math.max(this.#base + clock.monotonic() - this.#startedMs, time()));
  }

  #uniform(low: number, high: number): number {
    return uniform(this.#options.random, low, high);
  }

  #want(act: Goal['act'], version: string): Promise<boolean> {
    const now = this.#now();
    const goal: Goal = {
      id: toHex(this.#options.random(16)),
      by: 'host',
      act,
      kind: 'payload',
      version,
      targetsVersion: 0,
      targetsSha256: '',
      notBefore: now,
      deadline: now + HOST_GOAL_MS,
      mirrors: [],
      now: true,
    };
    return this.#course.take({ type: 'assigned', goal });
  }

  /** What an earlier process has left: the swap that it made, or the goal that it did not bring to its end. */
  async #resume(): Promise<void> {
    const { progress } = this.#course;
    const trying = awaitsVerdict(progress);
    // Before anything else can come: a goal of this very process is not begun anew.
    const began = trying ? undefined : this.#course.take({ type: 'began' });
    await this.#succession.look().catch((error: unknown) => {
      // Whoever installs may be away: what is under way waits for him, or ends.
      this.#options.log.warn('update-installer-away', { ...describeError(error) });
    });
    const event = trying ? await this.#succession.outcome(progress.slot) : undefined;
    const changed = event === undefined ? await began : await this.#course.take(event);
    if (!changed) this.#course.resume();
    this.#tell();
  }

  async #proven(proof: ProofOfLife): Promise<void> {
    const { progress } = this.#course;
    const event = await this.#succession.proven(proof, awaitsVerdict(progress) ? progress.slot : '');
    await this.#desk.confirmed();
    if (event === undefined || !(await this.#course.take(event))) this.#tell();
  }

  #entered(before: Progress, after: Progress): void {
    this.#stages.entered(before, after);
    if (isPassing(before.state) && before.goal?.by === 'hub' && before.goal.id !== after.goal?.id)
      this.#decline(before.goal, REPLACED);
    if (after.state !== 'rolled-back') return;
    const { slot, reason, detail } = after;
    const rejected = this.#succession.reject(slot, `${reason}: ${detail}`).then(() => this.#tell());
    this.#course.attempt('update-not-rejected', rejected);
  }

  #freshenAfter(ms: number): void {
    this.#freshen = this.#options.clock.after(ms, () => {
      this.check().then(
        () => this.#freshenAfter(this.#uniform(0.8 * FRESHEN_MS, 1.2 * FRESHEN_MS)),
        (error: unknown) => {
          // Nothing but updates depends on it (F17); the doctor alarms after a week.
          this.#options.log.warn('update-metadata-stale', { ...describeError(error) });
          this.#freshenAfter(this.#uniform(HOUR_MS, 2 * HOUR_MS));
        },
      );
    });
  }

  #decline(goal: Goal, why: Parameters<typeof declinedStatus>[2]): void {
    this.#send?.(encodeAgentMessage('updateStatus', declinedStatus(this.#facts(), goal, why)));
  }

  #tell(): void {
    this.#send?.(encodeAgentMessage('updateStatus', updateStatus(this.#facts())));
  }

  #facts(): UpdateFacts {
    const { launched, version, platform } = this.#options;
    const { book, newest = '' } = this.#desk;
    const { slots } = this.#succession;
    return {
      progress: this.#course.progress,
      version,
      slot: launched.slot.id,
      runtime: launched.node,
      platform,
      launcher: launched.launcherVersion,
      updateOnly: launched.updateOnly,
      slots,
      previous: slots ? previousSlots(slots, version).map((slot) => slot.version) : [],
      rootVersion: book.root.version,
      rootSha256: book.root.sha256,
      development: book.root.development,
      targetsVersion: book.targets?.release.version ?? 0,
      timestampVersion: book.timestampVersion,
      timestampAt: book.timestampAt,
      metadataUntil: Math.min(book.root.expiresAt, book.targets?.release.expiresAt ?? book.root.expiresAt),
      newest,
      preferences: this.#wishes.preferences,
      preferencesFault: this.#wishes.fault,
      trouble: this.#course.trouble,
      now: this.#now(),
    };
  }
}
