import {
  compareVersions,
  NO_FLOORS,
  newerVersion,
  type ReleaseTarget,
  raiseFloors,
} from '@stoa/protocol/release';
import { describeError } from '#error.ts';
import {
  type Admission,
  admit,
  bounded,
  type Delivery,
  idOf,
  judge,
  mismatch,
  noSlot,
  RUNTIME_PREFIX,
  requireSlot,
  requireTarget,
  versionIn,
} from '#launcher/delivery.ts';
import { InstallError, type InstalledSlot, type SlotId, type SlotState } from '#launcher/installer.ts';
import { FACTORY } from '#launcher/journal.ts';
import { JsonDamagedError } from '#launcher/json-file.ts';
import { slotFiles } from '#launcher/layout.ts';
import { RuntimeStore, type RuntimeStoreDeps } from '#launcher/runtime-store.ts';
import {
  isRejected,
  isSlotId,
  NO_SELECTION,
  readSelection,
  type Selection,
  withRejected,
  withSelected,
  writeSelection,
} from '#launcher/selection.ts';
import { readSlot, sha256Of } from '#launcher/slot.ts';
import { followRoots, readTrust, writeRoots } from '#launcher/trust.ts';

/** Beside what is written: journals and metadata must find room too. */
const ROOM_BYTES = 4 * 1024 * 1024;

export interface SlotStoreDeps extends RuntimeStoreDeps {
  /** 'linux-x64'. */
  readonly platform: string;
  readonly embeddedRoot: Uint8Array;
  /** Ms since 1970, as it was proven to whoever installs; absent or 0: no time was, and no age is judged. */
  readonly provenTime?: () => Promise<number>;
}

/**
 * The directory of the program, for whoever owns it: verifies what comes by files that lie there, and changes it in steps that
 * are each whole. One call at a time.
 *
 * Order of a `stage`: roots, the slot's files, then the selection with its raised floors, by which the next is judged and
 * nothing that runs. Of a `select`: the selection alone,
 * or the exchange of the program. A cut anywhere leaves what was decided before, or what is decided now.
 */
export class SlotStore {
  readonly #deps: SlotStoreDeps;
  readonly #runtimes: RuntimeStore;
  #busy = false;

  /** @param deps.disk makes directories that the agent's user can read. */
  constructor(deps: SlotStoreDeps) {
    this.#deps = deps;
    this.#runtimes = new RuntimeStore(deps);
  }

  /** Reads, and changes nothing: it may be asked while something is staged. */
  async state(): Promise<SlotState> {
    const { layout, disk, embeddedRoot } = this.#deps;
    const { slots, floor, rejected } = await this.#selection();
    const { root } = await readTrust(disk, layout, embeddedRoot);
    const runtimeOnTrial = (await this.#runtimes.trial()) !== undefined;
    return { slots, floor, rejected, rootVersion: root.version, runtimeOnTrial };
  }

  /** Roots that may be new here, oldest first; also in several calls. @throws InstallError */
  follow(roots: readonly Uint8Array[]): Promise<void> {
    return this.#alone(async () => {
      const { disk, layout } = this.#deps;
      const selection = await this.#selection();
      const { root, fresh } = await this.#admission(selection, roots);
      await writeRoots(disk, layout, fresh);
      if (root.version > selection.rootVersion)
        await this.#write({ ...selection, rootVersion: root.version });
    });
  }

  stage(delivery: Delivery): Promise<SlotId> {
    return this.#alone(async () => {
      const { disk, layout, platform } = this.#deps;
      const selection = await this.#selection();
      const { fresh, ...admission } = await this.#admission(selection, delivery.roots);
      const { targets, target } = admit(admission, delivery.targets, (named) =>
        requireTarget(named, delivery.path, platform),
      );
      requireNotRejected(selection, { id: target.path, sha256: target.sha256 });
      await this.#clean(selection, idOf(target));
      await this.#requireRoom(target.length);
      await writeRoots(disk, layout, fresh);
      await (target.custom.kind === 'payload'
        ? this.#store(target, delivery)
        : this.#runtimes.store(target, delivery));
      const raised = raiseFloors(admission.floors, admission.root, { targets });
      await this.#write({ ...selection, floor: raised.targets, rootVersion: raised.root });
      return idOf(target);
    });
  }

  select(id: SlotId): Promise<void> {
    return this.#alone(async () => {
      if (!isSlotId(id)) throw noSlot(id);
      const selection = await this.#selection();
      if (id.startsWith(RUNTIME_PREFIX))
        return this.#runtimes.select(id, selection, await this.#admission(selection));
      const slot = selection.slots.find((one) => one.id === id) ?? (await this.#staged(id, selection));
      requireNotRejected(selection, slot);
      const { content } = selection.floor;
      if (compareVersions(slot.version, content) < 0)
        throw new InstallError('install_below_floor', `the slot ${id} is older than the floor ${content}`);
      await this.#requireWhole(slot);
      const next = withSelected(selection, slot);
      await this.#write(next);
      await this.#clean(next, id);
    });
  }

  reject(id: SlotId, reason: string): Promise<void> {
    return this.#alone(async () => {
      const selection = await this.#selection();
      const slot = selection.slots.find((one) => one.id === id);
      if (slot === undefined) {
        if (!selection.rejected.some((one) => one.id === id)) throw noSlot(id);
        return;
      }
      const { payload } = selection.floor.newest;
      if (compareVersions(slot.version, payload) <= 0)
        throw new InstallError(
          'install_kept',
          `${id} is not newer than ${payload}, which has proven itself here`,
        );
      await this.#write(withRejected(selection, { ...slot, reason: reason.slice(0, 255) }));
    });
  }

  keep(id: SlotId): Promise<void> {
    return this.#alone(async () => {
      if (id !== FACTORY && !isSlotId(id)) throw noSlot(id);
      const selection = await this.#selection();
      const { floor, slots } = selection;
      const { payload, runtime } = floor.newest;
      const kept = slots.find((one) => one.id === id)?.version ?? payload;
      const trial = await this.#runtimes.proven();
      const newest = {
        payload: newerVersion(payload, kept),
        runtime: newerVersion(runtime, trial === undefined ? runtime : versionIn(trial.id)),
      };
      if (newest.payload !== payload || newest.runtime !== runtime)
        await this.#write({ ...selection, floor: { ...floor, newest }, inForce: floor.content });
      if (trial !== undefined) await this.#runtimes.end();
    });
  }

  up(): Promise<void> {
    return this.#alone(() => this.#runtimes.up());
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new InstallError('install_busy', 'something else is being installed here');
    this.#busy = true;
    try {
      return await task();
    } finally {
      this.#busy = false;
    }
  }

  /** A damaged one begins anew: what is staged next says the floor again, and so does the root. */
  async #selection(): Promise<Selection> {
    const { disk, layout } = this.#deps;
    const read = await readSelection(disk, layout.selection).catch((error: unknown) => {
      if (error instanceof JsonDamagedError) return undefined;
      throw error;
    });
    const selection = read ?? NO_SELECTION;
    const failed = await this.#runtimes.failed();
    return failed === undefined ? selection : withRejected(selection, failed);
  }

  /** With it goes what the guard has left, which is in the selection by now. */
  async #write(selection: Selection): Promise<void> {
    await writeSelection(this.#deps.disk, this.#deps.layout.selection, selection);
    await this.#runtimes.forgetFailed();
  }

  async #admission(
    { floor, rootVersion }: Selection,
    handed: readonly Uint8Array[] = [],
  ): Promise<Admission & { fresh: readonly Uint8Array[] }> {
    const { disk, layout, embeddedRoot, provenTime } = this.#deps;
    const chain = await readTrust(disk, layout, embeddedRoot);
    const { root, followed } = judge(() => followRoots(chain, handed));
    if (root.version < rootVersion)
      throw new InstallError(
        'install_replayed',
        `root ${rootVersion} was trusted here before, and these lead to ${root.version} only`,
      );
    const floors = { ...NO_FLOORS, root: rootVersion, targets: floor };
    return { root, floors, at: (await provenTime?.()) ?? 0, fresh: [embeddedRoot, ...followed] };
  }

  async #requireRoom(bytes: number): Promise<void> {
    const { disk, layout } = this.#deps;
    const { freeBytes } = await disk.space(layout.prefix);
    const needed = bytes + ROOM_BYTES;
    if (freeBytes < needed)
      throw new InstallError(
        'install_no_room',
        `${layout.prefix} has ${freeBytes} bytes left, ${needed} are needed: free some`,
      );
  }

  async #store(target: ReleaseTarget, { bytes, targets }: Delivery): Promise<void> {
    const { disk, layout } = this.#deps;
    const files = slotFiles(layout, idOf(target));
    const payload = Buffer.alloc(target.length);
    let length = 0;
    for await (const chunk of bounded(bytes, target)) {
      payload.set(chunk, length);
      length += chunk.length;
    }
    if (length < target.length || sha256Of(payload) !== target.sha256) throw mismatch(target);
    await disk.writeAtomic(files.payload, payload, 0o644);
    await disk.writeAtomic(files.targets, targets, 0o644);
  }

  /** A slot that is stored and not selected, by its own metadata. */
  async #staged(id: SlotId, selection: Selection): Promise<InstalledSlot> {
    const { disk, layout } = this.#deps;
    const { targets: path } = slotFiles(layout, id);
    if ((await disk.stat(path))?.kind !== 'file') throw noSlot(id);
    const metadata = await disk.readFile(path);
    const { target } = admit(await this.#admission(selection), metadata, requireSlot('payload', id));
    return { id, version: target.custom.version, sha256: target.sha256 };
  }

  async #requireWhole(slot: InstalledSlot): Promise<void> {
    const { disk, layout, embeddedRoot, platform } = this.#deps;
    const { root } = await readTrust(disk, layout, embeddedRoot);
    await readSlot({ disk, layout, root, platform }, slot).catch((cause: unknown) => {
      throw new InstallError('install_untrusted', describeError(cause).message, cause);
    });
  }

  /** What is neither selected nor this one, of its kind: left by a stage that was cut, or that nobody selected. */
  async #clean({ slots }: Selection, id: SlotId): Promise<void> {
    const { disk, layout } = this.#deps;
    const directory = id.startsWith(RUNTIME_PREFIX) ? layout.runtimes : layout.slots;
    const kept = new Set([id, ...slots.map((slot) => slot.id)]);
    for (const name of await disk.list(directory))
      if (!kept.has(name)) await disk.remove(`${directory}/${name}`);
  }
}

function requireNotRejected(selection: Selection, { id, sha256 }: { id: string; sha256: string }): void {
  if (isRejected(selection, sha256))
    throw new InstallError('install_rejected', `${id} failed on this node before, and is not taken again`);
}
