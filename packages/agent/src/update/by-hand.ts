import { type EncodedMessage, encodeAgentMessage, type UpdateAssignment } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { Disk } from '#disk.ts';
import { UpdateError } from '#update/error.ts';
import { goalOf } from '#update/goal.ts';
import { IDLE, type Progress } from '#update/machine.ts';
import { NO_WISHES, type Preferences, readPreferences, writePreferences } from '#update/preferences.ts';
import { type UpdateFacts, type UpdateView, updateStatus, updateView } from '#update/update-report.ts';
import type { Updates } from '#update/updates.ts';

export interface ByHandOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly dataDir: string;
  readonly version: string;
  readonly platform: string;
  readonly node: string;
}

const WHY = 'updates come by hand here: no launcher started this agent';

/** Updates where no launcher started the agent: what it runs is told, and nothing is taken. */
export class ByHand implements Updates {
  readonly #options: ByHandOptions;
  #preferences: Preferences = NO_WISHES;
  #fault = '';
  #progress: Progress = IDLE;
  #send: ((message: EncodedMessage) => void) | undefined;

  private constructor(options: ByHandOptions) {
    this.#options = options;
  }

  /** @throws DiskError */
  static async open(options: ByHandOptions): Promise<ByHand> {
    const updates = new ByHand(options);
    const { preferences, fault } = await readPreferences(options.disk, options.dataDir);
    updates.#preferences = preferences;
    updates.#fault = fault;
    return updates;
  }

  start(): void {
    // Nothing is due here.
  }

  stop(): void {
    this.#send = undefined;
  }

  connected(): void {
    // Nothing here has to prove itself.
  }

  opened(send: (message: EncodedMessage) => void): void {
    this.#send = send;
    this.#tell();
  }

  lost(): void {
    this.#send = undefined;
  }

  assigned(assignment: UpdateAssignment): void {
    const since = Math.round(this.#options.clock.now());
    if (assignment.act !== 'cancel')
      this.#progress = {
        ...IDLE,
        state: 'refused',
        goal: goalOf(assignment),
        since,
        reason: 'by_hand',
        detail: WHY,
      };
    this.#tell();
  }

  view(): UpdateView {
    return updateView(this.#facts());
  }

  check(): Promise<UpdateView> {
    return Promise.reject(byHand());
  }

  now(): Promise<UpdateView> {
    return Promise.reject(byHand());
  }

  rollback(): Promise<UpdateView> {
    return Promise.reject(byHand());
  }

  async wish(wishes: Preferences): Promise<UpdateView> {
    const { disk, dataDir } = this.#options;
    await writePreferences(disk, dataDir, wishes);
    this.#preferences = wishes;
    this.#fault = '';
    this.#tell();
    return this.view();
  }

  #tell(): void {
    this.#send?.(encodeAgentMessage('updateStatus', updateStatus(this.#facts())));
  }

  #facts(): UpdateFacts {
    const { clock, version, platform, node } = this.#options;
    return {
      progress: this.#progress,
      version,
      slot: '',
      runtime: node,
      platform,
      launcher: '',
      updateOnly: false,
      slots: undefined,
      previous: [],
      rootVersion: 0,
      rootSha256: '',
      development: false,
      targetsVersion: 0,
      timestampVersion: 0,
      timestampAt: 0,
      metadataUntil: 0,
      newest: '',
      preferences: this.#preferences,
      preferencesFault: this.#fault,
      trouble: undefined,
      now: Math.round(clock.now()),
    };
  }
}

function byHand(): UpdateError {
  return new UpdateError('by_hand', `${WHY}. Install the program of a release: docs/joining.md`);
}
