import { describeError } from '#error.ts';
import type { SlotInstaller, SlotState } from '#launcher/installer.ts';
import type { Failure, Launched, ProofOfLife } from '#launcher/launched.ts';
import type { Log } from '#log.ts';
import type { UpdateEvent } from '#update/machine.ts';

export interface SuccessionOptions {
  readonly launched: Launched;
  readonly installer: SlotInstaller;
  readonly log: Log;
}

const FACTORY = 'factory';
const REASON_CHARACTERS = 200;

/** One version after another: what the installer has, and what became of a swap. */
export class Succession {
  readonly #options: SuccessionOptions;
  #slots: SlotState | undefined;

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** As last seen. */
  get slots(): SlotState | undefined {
    return this.#slots;
  }

  /** @throws InstallError */
  async look(): Promise<SlotState> {
    this.#slots = await this.#options.installer.state();
    return this.#slots;
  }

  /** @throws InstallError */
  select(slot: string): Promise<void> {
    return this.#options.installer.select(slot);
  }

  /**
   * What a process that began knows of the swap to `slot`: it is what runs (undefined: it has yet to prove itself), it never
   * ran, or it failed. Not final: an older version runs to show whether it does better (undefined as well).
   */
  async outcome(slot: string): Promise<UpdateEvent | undefined> {
    if (await this.#runs(slot)) return undefined;
    const failure = this.#failureOf(slot);
    if (failure === undefined) return { type: 'unswapped' };
    return failure.final ? asRolledBack(failure) : undefined;
  }

  /** A runtime on trial is up for a minute. @throws InstallError */
  async up(): Promise<void> {
    if (this.#slots?.runtimeOnTrial === true) await this.#options.installer.up();
  }

  /**
   * What runs has proven itself: the commit, local and on the medium (F12). It judges what it stands in for.
   * @param slot of the swap that is under way. @throws DiskError
   */
  async proven(proof: ProofOfLife, slot: string): Promise<UpdateEvent | undefined> {
    const { launched, installer, log } = this.#options;
    await launched.confirm(proof);
    try {
      if (launched.slot.id !== FACTORY) await installer.keep(launched.slot.id);
      await this.look();
    } catch (error) {
      // The launcher knows; what the installer keeps can be said again at the next start.
      log.warn('update-not-kept', { ...describeError(error) });
    }
    if (slot === '') return undefined;
    if (await this.#runs(slot)) {
      const detail = `up for a minute, ${proof === 'session' ? 'with a session' : 'on a host without any network'}`;
      return { type: 'confirmed', reason: `proven_${proof}`, detail };
    }
    const failure = this.#failureOf(slot);
    // What has a session now has done better; without any network that remains to be seen.
    const decided = failure?.final === true || proof === 'session';
    return decided && failure !== undefined ? asRolledBack(failure) : undefined;
  }

  /**
   * So that it is not staged here again. Not where it was silent: others decide who is heard, so that is a verdict on this
   * attempt and none on the bytes; nor where it has worked here before. Both are tried again when they are assigned again.
   * @throws InstallError
   */
  async reject(slot: string, reason: string): Promise<void> {
    const { slots } = await this.look();
    const failure = this.#failureOf(slot);
    if (failure?.final !== true || failure.reason === 'silent') return;
    if (!slots.some(({ id }) => id === slot)) return;
    await this.#options.installer.reject(slot, reason.slice(0, REASON_CHARACTERS));
    await this.look();
  }

  async #runs(slot: string): Promise<boolean> {
    const { launched } = this.#options;
    if (!slot.startsWith('runtime-')) return launched.slot.id === slot;
    return slot.endsWith((await launched.runtimeSha256()).slice(0, 12));
  }

  #failureOf(slot: string): Failure | undefined {
    const known = this.#options.launched.failures.find((failure) => failure.slot === slot);
    const rejected = this.#slots?.rejected.find(({ id }) => id === slot);
    if (known !== undefined || rejected === undefined) return known;
    const { version, reason: detail } = rejected;
    return { slot, version, reason: 'crashed', detail, lines: [], at: 0, final: true };
  }
}

function asRolledBack({ reason, detail, lines }: Failure): UpdateEvent {
  return { type: 'rolled-back', reason, detail, lines };
}
