import { dirname } from 'node:path';
import type { ReleaseTarget } from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import {
  type Admission,
  admit,
  bounded,
  type Delivery,
  idOf,
  mismatch,
  noSlot,
  requireSlot,
  versionIn,
} from '#launcher/delivery.ts';
import { InstallError, type RejectedSlot, type SlotId } from '#launcher/installer.ts';
import { type Layout, runtimeFiles } from '#launcher/layout.ts';
import {
  endTrial,
  exchangeProgram,
  forgetFailedTrial,
  inodeOf,
  type RuntimeTrial,
  readFailedTrial,
  readTrial,
  recountTrial,
  sha256OfFile,
  writeRuntime,
} from '#launcher/runtime-swap.ts';
import { isRejected, type Selection } from '#launcher/selection.ts';

export interface RuntimeStoreDeps {
  readonly disk: Disk;
  readonly layout: Layout;
  /** Inode of the program's file as this process was started. */
  readonly programInode: number;
  /** Starts a staged runtime for its self-test. @throws where it does not pass. */
  readonly selfTest: (program: string) => Promise<void>;
}

/** The program itself: a runtime is staged beside it, exchanged with it, and on trial until it has proven itself. */
export class RuntimeStore {
  readonly #deps: RuntimeStoreDeps;

  constructor(deps: RuntimeStoreDeps) {
    this.#deps = deps;
  }

  /** Undefined as well for an exchange that was cut before it was one. */
  async trial(): Promise<RuntimeTrial | undefined> {
    const { layout } = this.#deps;
    const trial = await readTrial(layout);
    if (trial === undefined) return undefined;
    const exchanged = (await inodeOf(layout.program)) !== (await inodeOf(layout.previousProgram));
    return exchanged ? trial : undefined;
  }

  async store(target: ReleaseTarget, { bytes, targets }: Delivery): Promise<void> {
    const { disk, layout } = this.#deps;
    const files = runtimeFiles(layout, idOf(target));
    await disk.writeAtomic(files.targets, targets, 0o644);
    try {
      if ((await writeRuntime(files.program, bounded(bytes, target))) !== target.sha256)
        throw mismatch(target);
    } catch (error) {
      await disk.remove(dirname(files.program));
      throw error;
    }
  }

  /** Coming again after the exchange it has no effect. @throws InstallError */
  async select(id: SlotId, selection: Selection, admission: Admission): Promise<void> {
    const { disk, layout, selfTest } = this.#deps;
    const trial = await this.trial();
    if (trial?.id === id) return;
    if (trial !== undefined)
      throw new InstallError('install_busy', `the runtime ${trial.id} is still on trial here`);
    const files = runtimeFiles(layout, id);
    if ((await disk.stat(files.program))?.kind !== 'file') throw noSlot(id);
    const { target } = admit(admission, await disk.readFile(files.targets), requireSlot('runtime', id));
    if (isRejected(selection, target.sha256))
      throw new InstallError('install_rejected', `the runtime ${id} failed on this node before`);
    if ((await sha256OfFile(files.program)) !== target.sha256) throw mismatch(target);
    await selfTest(files.program).catch((cause: unknown) => {
      const { message } = describeError(cause);
      throw new InstallError('install_selftest', `the runtime ${id} does not run here: ${message}`, cause);
    });
    await exchangeProgram(layout, { id, sha256: target.sha256 });
  }

  /** The one on trial, if this process is of it: only such a one can say that it works. */
  async proven(): Promise<RuntimeTrial | undefined> {
    const { layout, programInode } = this.#deps;
    const trial = await this.trial();
    return (await inodeOf(layout.program)) === programInode ? trial : undefined;
  }

  async up(): Promise<void> {
    const trial = await this.proven();
    if (trial !== undefined) await recountTrial(this.#deps.layout, trial);
  }

  end(): Promise<void> {
    return endTrial(this.#deps.layout);
  }

  /** What the guard put back; told until it is forgotten. */
  async failed(): Promise<RejectedSlot | undefined> {
    const failed = await readFailedTrial(this.#deps.layout);
    if (failed === undefined) return undefined;
    const reason = 'this runtime did not start, and the one before it was put back';
    return { ...failed, version: versionIn(failed.id), reason };
  }

  forgetFailed(): Promise<void> {
    return forgetFailedTrial(this.#deps.layout);
  }
}
