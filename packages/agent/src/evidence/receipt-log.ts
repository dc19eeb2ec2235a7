import { join } from 'node:path';
import { bytes, record } from '@stoa/protocol';
import type { Disk } from '#disk.ts';
import { dayFile } from '#evidence/hour-logs.ts';
import type { SealedReceipt } from '#evidence/receipt.ts';
import { appendRecord, type RecordKind } from '#record-line.ts';

/** A checkpoint with its receipt; either may be missing. */
export interface Proof {
  /** Empty where it was logged before (a later revision of the receipt). */
  checkpoint: Uint8Array;
  /** Empty parts where the hub took the checkpoint no more. */
  receipt: SealedReceipt;
}

export const proofKind: RecordKind<Proof> = {
  name: 'stoa-proof-1',
  codec: record({
    checkpoint: bytes(2176),
    receipt: record({ sealed: bytes(2176), region: bytes(512), instance: bytes(512) }),
  }),
};

export const NO_RECEIPT: SealedReceipt = {
  sealed: new Uint8Array(),
  region: new Uint8Array(),
  instance: new Uint8Array(),
};

/** What the owner can show of each hour, kept for ever: one append-only file a day, about 25 KB. */
export class ReceiptLog {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  async append(hubHour: number, proof: Proof): Promise<void> {
    await appendRecord(this.#disk, this.pathOf(hubHour), proofKind, proof);
  }

  pathOf(hubHour: number): string {
    return join(this.#directory, dayFile(hubHour));
  }
}
