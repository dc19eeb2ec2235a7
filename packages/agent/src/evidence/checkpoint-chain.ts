import { join } from 'node:path';
import {
  type Checkpoint,
  checkpointKind,
  fixed,
  peek,
  record,
  type SigningKey,
  seal,
  toHex,
  u32,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Disk } from '#disk.ts';
import type { Spool } from '#outbox/spool.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';

/** One checkpoint of the chain. */
export interface ChainLink {
  number: number;
  /** Of the sealed checkpoint. */
  hash: Uint8Array;
  hubHour: number;
}

export const headKind: RecordKind<ChainLink> = {
  name: 'stoa-chain-head-1',
  codec: record({ number: u64, hash: fixed(32), hubHour: u32 }),
};

/**
 * The node's own chain of checkpoints: numbers without a gap, each naming the hash of the one before, hours ascending.
 *
 * A checkpoint is in the spool before the head moves, and may be sent only when the head has moved: at every moment the
 * higher of the two tells the next number, so kill -9 makes neither a gap nor two checkpoints of one number.
 */
export class CheckpointChain {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #spool: Spool;
  readonly #pending = new Map<string, ChainLink>();
  #head: ChainLink;

  private constructor(disk: Disk, path: string, spool: Spool, head: ChainLink) {
    this.#disk = disk;
    this.#path = path;
    this.#spool = spool;
    this.#head = head;
  }

  static async open(disk: Disk, directory: string, spool: Spool): Promise<CheckpointChain> {
    const path = join(directory, 'head');
    const none = { number: 0, hash: new Uint8Array(32), hubHour: 0 };
    const chain = new CheckpointChain(disk, path, spool, (await readRecord(disk, path, headKind)) ?? none);
    for (const number of spool.numbers) await chain.#note(number);
    await chain.#adopt();
    return chain;
  }

  get head(): ChainLink {
    return this.#head;
  }

  /** Checkpoints that await their receipts, oldest first. */
  get pending(): ChainLink[] {
    return [...this.#pending.values()].sort((a, b) => a.number - b.number);
  }

  /** @param hash Of the sealed checkpoint. */
  find(hash: Uint8Array): ChainLink | undefined {
    return this.#pending.get(toHex(hash));
  }

  read({ number }: ChainLink): Promise<Uint8Array | undefined> {
    return this.#spool.read(number);
  }

  /** Signs the next checkpoint and stores it. @throws SpoolFullError, DiskError: then it was not made. */
  async add(body: Omit<Checkpoint, 'number' | 'previous'>, key: SigningKey): Promise<void> {
    // An earlier call may have ended between spool and head.
    await this.#adopt();
    if (body.hubHour <= this.#head.hubHour) return;
    const number = this.#head.number + 1;
    const sealed = seal(checkpointKind, { ...body, number, previous: this.#head.hash }, key);
    await this.#spool.put(number, sealed);
    await this.#note(number);
    await this.#adopt();
  }

  /** Its receipt is logged, or it comes too late for one. */
  async settle(link: ChainLink): Promise<void> {
    await this.#spool.remove(link.number);
    this.#pending.delete(toHex(link.hash));
  }

  async #note(number: number): Promise<void> {
    const sealed = await this.#spool.read(number);
    if (sealed === undefined) return;
    const hash = nodeCrypto.hash(sealed);
    this.#pending.set(toHex(hash), { number, hash, hubHour: peek(checkpointKind, sealed).hubHour });
  }

  async #adopt(): Promise<void> {
    const newest = this.pending.at(-1);
    if (newest === undefined || newest.number <= this.#head.number) return;
    await writeRecord(this.#disk, this.#path, headKind, newest);
    this.#head = newest;
  }
}
