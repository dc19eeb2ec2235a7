import { compareVersions } from '@stoa/protocol/release';
import { type Clock, sleep } from '#clock.ts';
import { describeError } from '#error.ts';
import type { Launched } from '#launcher/launched.ts';
import { type Random, uniform } from '#random.ts';
import { Allowance } from '#update/allowance.ts';
import { type Judgement, judge } from '#update/judgement.ts';
import type { Progress, UpdateEvent } from '#update/machine.ts';
import type { Preferences } from '#update/preferences.ts';
import type { Aim, ReleaseDesk } from '#update/release-desk.ts';
import type { Succession } from '#update/succession.ts';
import type { UpdateCourse } from '#update/update-course.ts';

/** What updates ask of the node's work. */
export interface Drainable {
  /** No work is taken while held; what runs goes on to its end. */
  hold(held: boolean): void;
  readonly running: number;
}

export interface UpdateStagesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly launched: Launched;
  readonly work: Drainable;
  readonly desk: ReleaseDesk;
  readonly succession: Succession;
  readonly course: () => UpdateCourse;
  readonly now: () => number;
  readonly wishes: () => { readonly preferences: Preferences; readonly fault: string };
  /** Ends the session and all else, then becomes the program anew. */
  readonly restart: () => void;
}

/** How late it is noticed that the time by which it waits was behind: proven time goes on in leaps. */
const CLOCK_LOOK_MS = 600_000;
const DRAIN_LOOK_MS = 2_000;
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;
/** Never worth an attempt: told as `refused`, where others are told as `failed`. */
const REFUSALS: ReadonlySet<string> = new Set([
  'no_room',
  'no_target',
  'targets_differ',
  'no_previous',
  'install_below_floor',
  'install_expired',
  'install_needs_launcher',
  'install_rejected',
  'install_replayed',
  'install_wrong_platform',
]);

/** What is done in each state of an update, until the next event. */
export class UpdateStages {
  readonly #options: UpdateStagesOptions;
  #aim: Aim | undefined;
  /** Whoever assigns anew without end makes no node ask its mirrors without end. */
  readonly #refreshes = new Allowance({ burst: 8, periodMs: 60_000 });
  #resumeAt = 0;
  #hurried: string | undefined;

  constructor(options: UpdateStagesOptions) {
    this.#options = options;
  }

  /** The host's user wants this goal at once: neither deferral nor window hold it. */
  hurry(id: string): void {
    this.#hurried = id;
  }

  async act({ state, slot }: Progress, signal: AbortSignal): Promise<void> {
    const { clock, desk, now } = this.#options;
    switch (state) {
      case 'assigned':
        return this.#prepare(signal);
      case 'deferred':
        while (now() < this.#resumeAt)
          await sleep(clock, Math.min(CLOCK_LOOK_MS, this.#resumeAt - now()), signal);
        return this.#take({ type: 'due' });
      case 'downloading':
        return this.#download(signal);
      case 'staged':
        return this.#take({ type: 'draining', slot });
      case 'draining':
        return this.#drain(signal);
      case 'trying':
        return this.#swap(slot);
      default:
        return desk.tidy();
    }
  }

  async failed(error: unknown): Promise<void> {
    const { code: reason, message: detail } = describeError(error);
    const { state } = this.#options.course().progress;
    const type = REFUSALS.has(reason) && state !== 'trying' ? 'refused' : 'failed';
    await this.#take({ type, reason, detail });
  }

  /** Work is held from the drain on, until the swap or whatever ends the update before. */
  entered(before: Progress, after: Progress): void {
    const held = ({ state }: Progress): boolean => state === 'draining' || state === 'trying';
    if (held(before) && !held(after)) this.#options.work.hold(false);
    if (after.state === 'draining') this.#options.work.hold(true);
  }

  async #take(event: UpdateEvent): Promise<void> {
    await this.#options.course().take(event);
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { clock, desk, succession, launched, wishes, now, course } = this.#options;
    const { goal, since } = course().progress;
    if (goal === undefined) return;
    const aim = await this.#insist(signal, async () => {
      if (goal.act === 'install') {
        const wait = this.#refreshes.take(clock.monotonic());
        if (wait > 0) await sleep(clock, wait, signal);
        await desk.refresh(goal, signal);
      }
      return desk.aim(goal, await succession.look());
    });
    const { floor, rejected } = succession.slots!;
    const { preferences, fault } = wishes();
    const judgement = judge(this.#hurried === goal.id ? { ...goal, by: 'host' } : goal, {
      now: now(),
      has: aim.kind === 'target' && aim.has,
      reached: aim.kind === 'target' ? aim.reached : aim.version,
      floor: desk.book.targets?.release.floor ?? floor.content,
      floorSeenAt: desk.book.floorSeenAt,
      security: desk.book.targets?.release.security ?? false,
      updateOnly: launched.updateOnly,
      preferences,
      preferencesFault: fault,
      rejected: rejected.map(({ version }) => version),
      takenAt: since,
    });
    this.#aim = aim;
    await this.#take(this.#eventOf(judgement, aim));
  }

  #eventOf(judgement: Judgement, aim: Aim): UpdateEvent {
    switch (judgement.verdict) {
      case 'has':
        return { type: 'confirmed', reason: 'runs_already', detail: 'this version runs here already' };
      case 'no':
        return { ...judgement, type: 'refused' };
      case 'wait':
        this.#resumeAt = judgement.until;
        return { ...judgement, type: 'deferred' };
      default:
        return aim.kind === 'slot' ? { type: 'draining', slot: aim.slot } : this.#fit(aim);
    }
  }

  #fit({ target }: Extract<Aim, { kind: 'target' }>): UpdateEvent {
    const { launcherVersion } = this.#options.launched;
    const { minLauncher, kind } = target.custom;
    if (kind !== 'payload' || compareVersions(launcherVersion, minLauncher) >= 0)
      return { type: 'downloading' };
    const detail = `it needs launcher ${minLauncher}, here is ${launcherVersion}: the runtime comes first`;
    return { type: 'refused', reason: 'install_needs_launcher', detail };
  }

  async #download(signal: AbortSignal): Promise<void> {
    const { desk, course } = this.#options;
    const { goal } = course().progress;
    const aim = this.#aim;
    if (aim?.kind !== 'target' || goal === undefined) return;
    const slot = await this.#insist(signal, () => desk.bring(aim.target, goal, signal));
    await this.#take({ type: 'staged', slot });
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const { clock, work } = this.#options;
    while (work.running > 0) await sleep(clock, DRAIN_LOOK_MS, signal);
    await this.#take({ type: 'trying' });
  }

  /** From here on the next process decides. */
  async #swap(slot: string): Promise<void> {
    await this.#options.succession.select(slot);
    this.#options.restart();
  }

  /** Until it succeeds, or fails in a way that no later attempt mends; the state's deadline ends it. */
  async #insist<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const { clock, random, course } = this.#options;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        const value = await task();
        course().relieved();
        return value;
      } catch (error) {
        signal.throwIfAborted();
        if (!describeError(error).retry) throw error;
        course().troubled(error);
        await sleep(clock, uniform(random, pause / 2, pause), signal);
      }
    }
  }
}
