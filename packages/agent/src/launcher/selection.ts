import {
  compareVersions,
  isSha256,
  isVersion,
  NO_FLOORS,
  newerVersion,
  type TargetsFloor,
  type Version,
} from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import type { InstalledSlot, RejectedSlot } from '#launcher/installer.ts';
import { fieldsOf, formatJson, isCount, isText, listOf, readJson } from '#launcher/json-file.ts';

/** The slot that is tried first, and two before it. */
export const MOST_SLOTS = 3;
const MOST_REJECTED = 16;

/** What the installer has decided. Its file belongs to whoever installs: no payload can lower the floor in it. */
export interface Selection {
  /** In the order in which they are tried. */
  readonly slots: readonly InstalledSlot[];
  /** How often a slot was put first: each time, whatever it did here before is to be seen anew. */
  readonly selections: number;
  /** As seen: by it is judged what is put in place. */
  readonly floor: TargetsFloor;
  /**
   * The floor of content as it was at the last exchange: by it is judged what runs. One that came with what is staged waits,
   * so that work goes on to its end, steps of the privileged unit among it, before the node is led over that floor.
   */
  readonly inForce: Version;
  /** Version of the newest root that was trusted here. */
  readonly rootVersion: number;
  /** Newest first. */
  readonly rejected: readonly RejectedSlot[];
}

export const NO_SELECTION: Selection = {
  slots: [],
  selections: 0,
  floor: NO_FLOORS.targets,
  inForce: NO_FLOORS.targets.content,
  rootVersion: 0,
  rejected: [],
};

const SLOT_ID = /^(?:runtime-)?\d{1,5}\.\d{1,5}\.\d{1,5}-[0-9a-f]{12}$/;

export function slotId(version: string, sha256: string): string {
  return `${version}-${sha256.slice(0, 12)}`;
}

export function isSlotId(text: string): boolean {
  return SLOT_ID.test(text);
}

/**
 * Puts a slot first. One that was there before it stays, so that the two before the new one are those that ran; and so does
 * the one that has proven itself last, which all others fall back on.
 */
export function withSelected(selection: Selection, slot: InstalledSlot): Selection {
  const slots = [slot, ...selection.slots.filter(({ id }) => id !== slot.id)];
  const proven = slots.slice(MOST_SLOTS).filter(({ version }) => version === selection.floor.newest.payload);
  return {
    ...selection,
    slots: [...slots.slice(0, MOST_SLOTS - proven.length), ...proven],
    selections: selection.selections + 1,
    inForce: selection.floor.content,
  };
}

/**
 * The order for who has root's rights: the agent's, but what is below the floor, or below what has proven itself here, comes
 * last. An agent that was taken over leads root to nothing older than what it runs.
 */
export function upward({ slots, floor }: Selection): readonly InstalledSlot[] {
  const lowest = newerVersion(floor.content, floor.newest.payload);
  const low = slots.filter(({ version }) => compareVersions(version, lowest) < 0);
  const newestFirst = low.toSorted((a, b) => compareVersions(b.version, a.version));
  return [...slots.filter((slot) => !low.includes(slot)), ...newestFirst];
}

export function withRejected(selection: Selection, rejected: RejectedSlot): Selection {
  return {
    ...selection,
    slots: selection.slots.filter(({ id }) => id !== rejected.id),
    rejected: [rejected, ...selection.rejected.filter(({ id }) => id !== rejected.id)].slice(
      0,
      MOST_REJECTED,
    ),
  };
}

export function isRejected({ rejected }: Selection, sha256: string): boolean {
  return rejected.some((slot) => slot.sha256 === sha256);
}

/** Undefined where there is none. @throws JsonDamagedError, DiskError */
export function readSelection(disk: Disk, path: string): Promise<Selection | undefined> {
  return readJson(disk, path, selectionOf);
}

/** Readable by the agent's user, whoever writes it. */
export function writeSelection(disk: Disk, path: string, selection: Selection): Promise<void> {
  return disk.writeAtomic(path, formatJson({ format: 1, ...selection }), 0o644);
}

function selectionOf(value: unknown): Selection | undefined {
  const { format, slots, selections, floor, inForce, rootVersion, rejected } = fieldsOf(value) ?? {};
  const kept = listOf(slots, MOST_SLOTS, slotOf);
  const refused = listOf(rejected, MOST_REJECTED, rejectedOf);
  const lowest = floorOf(floor);
  if (format !== 1 || !isCount(rootVersion) || !isCount(selections)) return undefined;
  if (kept === undefined || refused === undefined || lowest === undefined) return undefined;
  // Written by a version that knew of one floor only.
  const held = inForce ?? lowest.content;
  if (!isVersion(held)) return undefined;
  return { slots: kept, selections, floor: lowest, inForce: held, rootVersion, rejected: refused };
}

function floorOf(value: unknown): TargetsFloor | undefined {
  const { since, version, content, newest } = fieldsOf(value) ?? {};
  const { payload, runtime } = fieldsOf(newest) ?? {};
  if (!isCount(since) || !isCount(version)) return undefined;
  if (!isVersion(content) || !isVersion(payload) || !isVersion(runtime)) return undefined;
  return { since, version, content, newest: { payload, runtime } };
}

function slotOf(value: unknown): InstalledSlot | undefined {
  const { id, version, sha256 } = fieldsOf(value) ?? {};
  const sound = isText(id, 64) && isSlotId(id) && isVersion(version) && isSha256(sha256);
  return sound ? { id, version, sha256 } : undefined;
}

function rejectedOf(value: unknown): RejectedSlot | undefined {
  const slot = slotOf(value);
  const { reason } = fieldsOf(value) ?? {};
  return slot !== undefined && isText(reason, 255) ? { ...slot, reason } : undefined;
}
