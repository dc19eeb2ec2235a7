/** Everything that is decided before a payload runs, and kept while it does. No process, no thread, no timer: see launch.ts. */
import { join } from 'node:path';
import { compareVersions, isVersion, ReleaseError, type TrustedRoot } from '@stoa/protocol/release';
import { type Disk, DiskError } from '#disk.ts';
import { describeError } from '#error.ts';
import {
  begun,
  choose,
  chooseProven,
  compares,
  ended,
  exhausted,
  failed,
  type Limits,
  type Order,
  proven,
  reconsidered,
  silentAfterMs,
  stayedUp,
} from '#launcher/choice.ts';
import type { InstalledSlot } from '#launcher/installer.ts';
import {
  FACTORY,
  FRESH_JOURNAL,
  type Journal,
  readJournal,
  recordOf,
  withFailure,
  writeJournal,
} from '#launcher/journal.ts';
import type { FailureReason, ProofOfLife, Role } from '#launcher/launched.ts';
import type { Layout } from '#launcher/layout.ts';
import { NO_SELECTION, readSelection, type Selection, upward } from '#launcher/selection.ts';
import { readSlot, SlotDamagedError, sha256Of, type VerifiedSlot } from '#launcher/slot.ts';
import { readTrust } from '#launcher/trust.ts';

/** How the last counted start ended, as far as it could still be written down. */
export interface LastEnd {
  readonly slot: string;
  readonly reason: FailureReason;
  readonly detail: string;
}

export interface StartDeps {
  readonly role: Role;
  readonly disk: Disk;
  readonly layout: Layout;
  /** Directory of the role's journal. Undefined where it is another user's: then nothing in it counts, and no start does. */
  readonly state: string | undefined;
  readonly embedded: { readonly root: Uint8Array; readonly factory: Uint8Array };
  readonly platform: string;
  readonly limits: Limits;
  readonly now: () => number;
  readonly lastEnd: () => LastEnd | undefined;
  /** That a slot wrote while it was on trial. */
  readonly lastLines: (slot: string) => readonly string[];
  readonly warn: (line: string) => void;
}

export interface Chosen {
  readonly id: string;
  readonly payload: Uint8Array;
  readonly sha256: string;
  /** Undefined for the factory's payload. */
  readonly verified: VerifiedSlot | undefined;
}

export class Start {
  readonly #deps: StartDeps;
  readonly #journalFile: string | undefined;
  #journal: Journal;
  readonly #order: Order;
  readonly #selection: Selection;
  readonly #chosen: Chosen;
  /** What was decided here can't be read, the floor neither. */
  readonly #blind: boolean;

  private constructor(
    deps: StartDeps,
    by: { journal: Journal; order: Order; selection: Selection; chosen: Chosen; blind: boolean },
  ) {
    this.#deps = deps;
    this.#journalFile = journalFile(deps);
    this.#journal = by.journal;
    this.#order = by.order;
    this.#selection = by.selection;
    this.#chosen = by.chosen;
    this.#blind = by.blind;
  }

  /**
   * Chooses and verifies a slot. A start that counts is on the medium before this resolves; where it can't be written down,
   * nothing is chosen that is still on trial.
   * @param counted false for commands that do their work and end.
   */
  static async prepare(deps: StartDeps, counted: boolean): Promise<Start> {
    const { disk, layout, warn } = deps;
    const file = journalFile(deps);
    const read = await orWarn(warn, readSelection(disk, layout.selection));
    const selection = read.value ?? NO_SELECTION;
    const slots = isAboveAgent(deps) ? upward(selection) : selection.slots;
    const wanted = [...slots.map(({ id }) => id), FACTORY];
    // One that can't be read is a fresh one: what it costs is that a bad slot is tried again.
    let journal = (file && (await orWarn(warn, readJournal(disk, file))).value) || FRESH_JOURNAL;
    journal = reconsidered(wanted, { journal, selections: selection.selections });
    if (counted) journal = settled(deps, wanted, { journal, selection });
    const picking = new Picking(deps, selection);
    let picked = await picking.pick(wanted, journal, choose);
    if (counted && file !== undefined)
      try {
        const next = begun(picked.order, picked.journal, picked.chosen.id);
        await writeJournal(disk, file, next);
        picked = { ...picked, journal: next };
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        warn(`this start can't be counted, so nothing on trial is tried: ${error.message}`);
        picked = await picking.pick(wanted, picked.journal, chooseProven);
      }
    return new Start(deps, { ...picked, selection, blind: read.failed });
  }

  get chosen(): Chosen {
    return this.#chosen;
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** Whether this slot has yet to give its first proof, or did badly lately: then its last lines are kept. */
  get doubtful(): boolean {
    const { proven: known, boots } = recordOf(this.#journal, this.#chosen.id);
    return !known || boots > 1 || this.silentAfterMs !== undefined;
  }

  get silentAfterMs(): number | undefined {
    const { id } = this.#chosen;
    return silentAfterMs(this.#order, { journal: this.#journal, id, limits: this.#deps.limits });
  }

  /** @param claimed version of the payload that runs, by its own word: it counts only where nobody has signed another. */
  updateOnly(claimed: string): boolean {
    const { id, verified } = this.#chosen;
    const version = verified?.target.custom.version ?? claimed;
    if (id === FACTORY && (this.#blind || this.#selection.slots.length > 0)) return true;
    // The privileged unit has no sessions by which to compare.
    if (this.#deps.role === 'agent' && compares(this.#order, this.#journal, id)) return true;
    return !isVersion(version) || compareVersions(version, this.#selection.inForce) < 0;
  }

  /** Resolves with whether another slot is due because of it. @throws DiskError */
  async confirm(proof: ProofOfLife): Promise<boolean> {
    const { id } = this.#chosen;
    const decides = compares(this.#order, this.#journal, id) && proof === 'session';
    await this.#write(proven(this.#order, { journal: this.#journal, id, proof }));
    return decides;
  }

  /** It is up for `upMs`. @throws DiskError */
  async up(): Promise<void> {
    const { id } = this.#chosen;
    if (recordOf(this.#journal, id).boots > 0) await this.#write(stayedUp(this.#journal, id));
  }

  /** The start ended as it was asked to. */
  async end(): Promise<void> {
    await this.#write(ended(this.#journal));
  }

  /** It ran and proved nothing in time. */
  async giveUp(): Promise<void> {
    const { id } = this.#chosen;
    const detail = `no session with the hub within ${Math.round((this.silentAfterMs ?? 0) / 1000)} s of its start`;
    const failure = { slot: id, version: versionOf(this.#selection, id), reason: 'silent', detail } as const;
    const { now, lastLines } = this.#deps;
    await this.#write(
      failed(this.#order, this.#journal, { ...failure, lines: lastLines(id), at: now(), final: false }),
    );
  }

  async #write(journal: Journal): Promise<void> {
    // In force at once, whether or not the disk takes it: a session that was had is no silence.
    this.#journal = journal;
    if (this.#journalFile !== undefined) await writeJournal(this.#deps.disk, this.#journalFile, journal);
  }
}

/** This process has rights that the agent has not. */
function isAboveAgent({ role, state }: StartDeps): boolean {
  return role === 'root' || state === undefined;
}

function journalFile({ state }: StartDeps): string | undefined {
  return state && join(state, 'journal.json');
}

/** Judges the last start, if it was cut and one too many. */
function settled(
  { limits, lastEnd, lastLines, now }: StartDeps,
  order: Order,
  { journal, selection }: { journal: Journal; selection: Selection },
): Journal {
  const { running } = journal;
  if (!exhausted(journal, limits)) return journal;
  const end = lastEnd();
  const known = end?.slot === running ? end : undefined;
  const { boots } = recordOf(journal, running);
  return failed(order, journal, {
    slot: running,
    version: versionOf(selection, running),
    reason: known?.reason ?? 'crashed',
    detail: `${boots} starts in a row ended before it had proven itself; the last: ${known?.detail ?? 'ended by a signal'}`,
    lines: lastLines(running),
    at: now(),
    final: false,
  });
}

function isOfSlot(error: unknown): error is Error {
  return error instanceof SlotDamagedError || error instanceof ReleaseError || error instanceof DiskError;
}

interface Picked {
  readonly journal: Journal;
  readonly order: Order;
  readonly chosen: Chosen;
}

/** Finds the first slot that is to run and holds. What is damaged is passed over, and said so in the journal. */
class Picking {
  readonly #deps: StartDeps;
  readonly #selection: Selection;
  #root: TrustedRoot | undefined;

  constructor(deps: StartDeps, selection: Selection) {
    this.#deps = deps;
    this.#selection = selection;
  }

  async pick(wanted: Order, seen: Journal, chooseOf: typeof choose): Promise<Picked> {
    let [order, journal] = [wanted, seen];
    for (;;) {
      const id = chooseOf(order, journal);
      const slot = this.#selection.slots.find((one) => one.id === id);
      if (slot === undefined) return { order, journal, chosen: this.#factory() };
      try {
        const verified = await this.#verified(slot);
        const { payload, target } = verified;
        return { order, journal, chosen: { id, payload, sha256: target.sha256, verified } };
      } catch (error) {
        if (!isOfSlot(error)) throw error;
        const { message: detail } = error;
        journal = withDamage(journal, { slot: id, version: slot.version, detail, at: this.#deps.now() });
        order = order.filter((other) => other !== id);
        this.#deps.warn(detail);
      }
    }
  }

  /** @throws SlotDamagedError, or ReleaseError where the root inside the program is none. */
  async #verified(slot: InstalledSlot): Promise<VerifiedSlot> {
    const { disk, layout, embedded, platform } = this.#deps;
    this.#root ??= (await readTrust(disk, layout, embedded.root)).root;
    return readSlot({ disk, layout, root: this.#root, platform }, slot);
  }

  #factory(): Chosen {
    const { factory: payload } = this.#deps.embedded;
    return { id: FACTORY, payload, sha256: sha256Of(payload), verified: undefined };
  }
}

/** Told once: it is found anew at every start until the slot is staged again. */
function withDamage(
  journal: Journal,
  failure: { slot: string; version: string; detail: string; at: number },
): Journal {
  const known = journal.failures.some(({ slot, reason }) => slot === failure.slot && reason === 'damaged');
  return known ? journal : withFailure(journal, { ...failure, reason: 'damaged', lines: [], final: false });
}

function versionOf({ slots }: Selection, id: string): string {
  return slots.find((slot) => slot.id === id)?.version ?? '';
}

/** The launcher starts something whatever its files hold. */
async function orWarn<T>(
  warn: (line: string) => void,
  reading: Promise<T>,
): Promise<{ value: T | undefined; failed: boolean }> {
  try {
    return { value: await reading, failed: false };
  } catch (error) {
    warn(describeError(error).message);
    return { value: undefined, failed: true };
  }
}
