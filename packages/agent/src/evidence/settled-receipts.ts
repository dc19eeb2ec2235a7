import { join } from 'node:path';
import {
  type EncodedMessage,
  encodeAgentMessage,
  equalBytes,
  openProvenReceipt,
  ProtocolError,
  type ProvenReceipt,
  provenReceipt,
  record,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Clock } from '#clock.ts';
import type { Disk } from '#disk.ts';
import { dayFile } from '#evidence/hour-logs.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import { appendRecord, ifWhole, type RecordKind, readRecord, writeRecord } from '#record-line.ts';

export const settledKind: RecordKind<ProvenReceipt> = { name: 'stoa-settled-1', codec: provenReceipt };

const headKind: RecordKind<{ number: number }> = {
  name: 'stoa-settled-head-1',
  codec: record({ number: u64 }),
};

/** An answer has a bounded number: while some come there may be more. A hub answers once a minute. */
const ASK_AGAIN_MS = 60_000;

export interface SettledOptions {
  disk: Disk;
  clock: Pick<Clock, 'monotonic'>;
  store: IdentityStore;
}

/**
 * What the region has settled of this node, as it comes: kept for ever, one append-only file a day of the hours that it is
 * about, 60 KB. Asked for by the number of the newest root that is kept, so what a session or a disk lost comes again; one that
 * does not lead to a signed root is not kept.
 */
export class SettledReceipts {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #store: IdentityStore;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #number: number;
  #send: ((message: EncodedMessage) => void) | undefined;
  #asked = { at: 0, isAnswered: false };

  private constructor({ disk, clock, store }: SettledOptions, directory: string, number: number) {
    this.#disk = disk;
    this.#clock = clock;
    this.#directory = directory;
    this.#store = store;
    this.#number = number;
  }

  /** A head that rotted costs that everything comes once more. @throws DiskError */
  static async open(options: SettledOptions, directory: string): Promise<SettledReceipts> {
    const head = await ifWhole(readRecord(options.disk, headPath(directory), headKind));
    return new SettledReceipts(options, directory, head?.number ?? 0);
  }

  /** @param send Of a session whose hub knows of them. */
  opened(send: (message: EncodedMessage) => void): void {
    this.#send = send;
    this.ask();
  }

  lost(): void {
    this.#send = undefined;
  }

  /** What the hub has settled since. Not before what it sent is kept. */
  ask(): void {
    this.#asked = { at: this.#clock.monotonic(), isAnswered: false };
    this.#send?.(encodeAgentMessage('receiptsWanted', { after: this.#number }));
  }

  /** Asks for the rest, where the last answer may have had more. */
  goOn(): void {
    const { at, isAnswered } = this.#asked;
    if (isAnswered && this.#clock.monotonic() - at >= ASK_AGAIN_MS) this.ask();
  }

  /** @throws ProtocolError, DiskError: then it is asked for again. */
  async take(proven: ProvenReceipt): Promise<void> {
    const { identity, nodeId } = this.#store;
    const trust = { root: identity.credential.root, region: identity.region };
    const { receipt, root } = openProvenReceipt(proven, trust, nodeCrypto);
    if (!equalBytes(receipt.nodeId, nodeId))
      throw new ProtocolError('bad_signature', 'the settled receipt is for another node');
    if (root.number < this.#number) return;
    await appendRecord(
      this.#disk,
      join(this.#directory, 'settled', dayFile(receipt.hubHour)),
      settledKind,
      proven,
    );
    await writeRecord(this.#disk, headPath(this.#directory), headKind, { number: root.number });
    this.#number = root.number;
    this.#asked.isAnswered = true;
  }
}

function headPath(directory: string): string {
  return join(directory, 'settled-head');
}
