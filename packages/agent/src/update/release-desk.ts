import { join } from 'node:path';
import {
  compareVersions,
  newerVersion,
  type ReleaseTarget,
  type ReleaseTargets,
  type TargetKind,
} from '@stoa/protocol/release';
import type { Clock } from '#clock.ts';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import type { Http } from '#http.ts';
import { HttpError } from '#http-error.ts';
import type { SlotInstaller, SlotState } from '#launcher/installer.ts';
import { FACTORY } from '#launcher/journal.ts';
import type { Launched } from '#launcher/launched.ts';
import { layoutOf, slotFiles } from '#launcher/layout.ts';
import type { Log } from '#log.ts';
import { UpdateError } from '#update/error.ts';
import type { Goal } from '#update/goal.ts';
import { fetchSmall, mirrorsOf } from '#update/mirror.ts';
import { ReleaseBook } from '#update/release-book.ts';
import { type TargetPatch, TargetStore } from '#update/target-store.ts';

export interface ReleaseDeskOptions {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly http: Http;
  /** Of this node's updates, outside of any version's folder. */
  readonly directory: string;
  /** Where files of releases lie on their way: streamed past the seam of disks, since a runtime has a hundred megabytes. */
  readonly downloads: string;
  /** What runs, 'a.b.c'. */
  readonly version: string;
  /** `linux-x64`. */
  readonly platform: string;
  /** The root that this program was built with. */
  readonly anchor: Uint8Array;
  /** Its origin. */
  readonly hub: () => string;
  /** Proven time, ms since 1970: no clock of this host's has a part in it (F21). */
  readonly time: () => number;
  readonly launched: Launched;
  readonly installer: SlotInstaller;
}

/** What a goal comes down to: a file of a release, or a slot that is kept. */
export type Aim =
  | {
      readonly kind: 'target';
      readonly target: ReleaseTarget;
      readonly has: boolean;
      readonly reached: string;
    }
  | { readonly kind: 'slot'; readonly slot: string; readonly version: string };

/** Finds, fetches and stages what an update is about. */
export class ReleaseDesk {
  readonly book: ReleaseBook;
  readonly #options: ReleaseDeskOptions;
  readonly #store: TargetStore;

  private constructor(options: ReleaseDeskOptions, book: ReleaseBook) {
    this.book = book;
    this.#options = options;
    this.#store = new TargetStore({ ...options, directory: options.downloads });
  }

  /** @throws ReleaseError where the anchor is no root, DiskError */
  static async open(options: ReleaseDeskOptions): Promise<ReleaseDesk> {
    const directory = join(options.directory, 'metadata');
    return new ReleaseDesk(options, await ReleaseBook.open({ ...options, directory }));
  }

  /**
   * From the first mirror that has fresh metadata, of at least the version that is asked for (F18).
   * @throws UpdateError, HttpError, DiskError: of the last mirror.
   */
  async refresh(
    { mirrors, targetsVersion }: Pick<Goal, 'mirrors' | 'targetsVersion'>,
    signal: AbortSignal,
  ): Promise<ReleaseTargets> {
    const { http, log, hub, time, version } = this.#options;
    let last: unknown;
    for (const base of mirrorsOf(mirrors, hub())) {
      try {
        const release = await this.book.refresh(
          (name, maxBytes) => fetchSmall(http, `${base}/metadata/${name}`, { maxBytes, signal }),
          time(),
        );
        await this.book.floorSeen(compareVersions(version, release.floor) < 0, time());
        if (release.version >= targetsVersion) return release;
        last = new UpdateError(
          'metadata_older',
          `${base} has targets ${release.version}, the assignment is of ${targetsVersion}`,
        );
      } catch (error) {
        signal.throwIfAborted();
        last = error;
        // Whether a stranger's port is open is nothing to tell the hub; the host's own log has it.
        if (error instanceof HttpError && !base.startsWith(`${hub()}/`)) {
          log.debug('update-mirror-away', { mirror: base, ...describeError(error) });
          last = new UpdateError('mirrors_silent', `${base} gave no metadata`);
        }
      }
      log.warn('update-mirror-refused', { mirror: base, ...describeError(last) });
    }
    throw last;
  }

  /** The newest version of this platform's payload; undefined where none is known. */
  get newest(): string | undefined {
    const versions = this.#targets
      .filter(({ custom }) => custom.kind === 'payload')
      .map(({ custom }) => custom.version);
    return versions.length === 0 ? undefined : versions.reduce(newerVersion);
  }

  /** @throws UpdateError `no_target`, `targets_differ`, `no_previous`. */
  async aim(goal: Goal, state: SlotState): Promise<Aim> {
    if (goal.act === 'rollback') return this.#previous(state, goal.version);
    const { release } = this.book.targets ?? {};
    if (release?.version === goal.targetsVersion && release.sha256 !== goal.targetsSha256)
      throw new UpdateError(
        'targets_differ',
        `targets ${release.version} have the hash ${release.sha256.slice(0, 12)}… here, ${goal.targetsSha256.slice(0, 12)}… in the assignment: the hub shows two faces`,
      );
    const target = this.#find(goal.kind, goal.version);
    if (target === undefined)
      throw new UpdateError(
        'no_target',
        `the signed targets ${release?.version} name no ${goal.kind} ${goal.version} for ${this.#options.platform}`,
      );
    return { kind: 'target', target, has: await this.#runs(target), reached: this.#reached(goal.kind) };
  }

  /** Downloads and stages. @returns the slot. @throws UpdateError, InstallError, DiskError */
  async bring(target: ReleaseTarget, goal: Goal, signal: AbortSignal): Promise<string> {
    const { http, clock, hub, installer } = this.#options;
    const mirrors = mirrorsOf(goal.mirrors, hub());
    const file = await this.#store.obtain(
      target,
      { http, clock, signal, mirrors },
      await this.#patchTo(target),
    );
    const { roots, targets } = this.book;
    const slot = await installer.stage({ roots, targets: targets!.bytes, path: target.path, file });
    await this.tidy();
    return slot;
  }

  /** Nothing is kept of what was fetched. */
  tidy(): Promise<void> {
    return this.#store.keepOnly([]);
  }

  /** What runs has proven itself. */
  async confirmed(): Promise<void> {
    const { slot } = this.#options.launched;
    const target = this.#targets.find(({ sha256 }) => sha256 === slot.sha256);
    if (target !== undefined) await this.book.confirmed(target);
  }

  #previous(state: SlotState, wanted: string): Aim {
    const kept = previousSlots(state, this.#options.version);
    const previous = wanted === '' ? kept[0] : kept.find(({ version }) => version === wanted);
    if (previous === undefined)
      throw new UpdateError(
        'no_previous',
        `no ${wanted || 'version'} is kept before the running one that is not below ${state.floor.content}`,
      );
    return { kind: 'slot', slot: previous.id, version: previous.version };
  }

  get #targets(): readonly ReleaseTarget[] {
    const all = this.book.targets?.release.targets ?? [];
    return all.filter(({ custom }) => custom.platform === this.#options.platform);
  }

  #find(kind: Goal['kind'], version: string): ReleaseTarget | undefined {
    return this.#targets.find(({ custom }) => custom.kind === kind && custom.version === version);
  }

  async #runs({ sha256, custom }: ReleaseTarget): Promise<boolean> {
    const { launched } = this.#options;
    return sha256 === (custom.kind === 'payload' ? launched.slot.sha256 : await launched.runtimeSha256());
  }

  /** A root that declares a floor is the one way down: what runs counts no more then. */
  #reached(kind: Goal['kind']): string {
    const { since, newest } = this.book.floors.targets;
    const { version } = this.#options;
    return since === 0 && kind === 'payload' ? newerVersion(newest.payload, version) : newest[kind];
  }

  async #patchTo({ custom: { kind, version } }: ReleaseTarget): Promise<TargetPatch | undefined> {
    const running = await this.#runningFile(kind);
    const patch = this.#targets.find(
      ({ custom }) =>
        custom.kind === `${kind}-patch` && custom.version === version && custom.from === running?.sha256,
    );
    return patch && running && { target: patch, from: running.path };
  }

  /** What a patch may apply to. The payload of the factory is no file. */
  async #runningFile(kind: TargetKind): Promise<{ path: string; sha256: string } | undefined> {
    const { slot, prefix, runtimeSha256 } = this.#options.launched;
    const layout = layoutOf(prefix);
    if (kind === 'runtime') return { path: layout.program, sha256: await runtimeSha256() };
    if (slot.id === FACTORY) return undefined;
    return { path: slotFiles(layout, slot.id).payload, sha256: slot.sha256 };
  }
}

/** What a rollback of `running` (a version) may go to, newest first. */
export function previousSlots({ slots, floor }: SlotState, running: string): SlotState['slots'] {
  const below = (a: string, b: string): boolean => compareVersions(a, b) < 0;
  return slots
    .filter(({ version }) => below(version, running) && !below(version, floor.content))
    .toSorted((a, b) => compareVersions(b.version, a.version));
}
