import { bool, type Codec, list, oneOf, record, text, u32 } from '@stoa/protocol';
import type { InstalledSlot, RejectedSlot, SlotState } from '#launcher/installer.ts';

export interface InstallRequest {
  /** What an agent may ask of the unit for its own updates. */
  verb: 'state' | 'follow' | 'stage' | 'select' | 'reject' | 'keep' | 'up';
  /** Of the slot; '' for `state`, `follow`, `stage` and `up`. */
  id: string;
  /** Of `reject`. */
  reason: string;
  /** Of `follow`: how many bytes of the input are each root. What many rotations left comes in several requests. */
  roots: number[];
  /** Of `stage`: the target, and how many bytes of the input are the metadata; what follows is the file. */
  path: string;
  targets: number;
}

/** That one request hands over. */
export const MOST_ROOTS = 16;

export const installRequest: Codec<InstallRequest> = record({
  verb: oneOf('state', 'follow', 'stage', 'select', 'reject', 'keep', 'up'),
  id: text(64),
  reason: text(255),
  roots: list(u32, MOST_ROOTS),
  path: text(160),
  targets: u32,
});

export interface InstallReply {
  /** Of what was staged; '' otherwise. */
  id: string;
  /** As it is after the act. */
  state: {
    slots: InstalledSlot[];
    floor: SlotState['floor'];
    rootVersion: number;
    rejected: RejectedSlot[];
    runtimeOnTrial: boolean;
  };
}

const slot = { id: text(64), version: text(17), sha256: text(64) };

export const installReply: Codec<InstallReply> = record({
  id: text(64),
  state: record({
    slots: list(record(slot), 8),
    floor: record({
      since: u32,
      version: u32,
      content: text(17),
      newest: record({ payload: text(17), runtime: text(17) }),
    }),
    rootVersion: u32,
    rejected: list(record({ ...slot, reason: text(255) }), 32),
    runtimeOnTrial: bool,
  }),
});
