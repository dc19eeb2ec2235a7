import { join } from 'node:path';
import { type Codec, fixed, list, record, text, u16, u32, u64 } from '@stoa/protocol';
import type { Disk } from '#disk.ts';
import { ifWhole, type RecordKind, readRecord, writeRecord } from '#record-line.ts';

const NODE_ID = /^[0-9a-f]{64}$/;
const MAX_ORDERS = 256;
const MAX_SITE_BYTES = 60_000;

export interface RootState {
  /** Latest time that was proven here, ms since 1970: no certificate or order that ended before it counts. */
  timeFloor: number;
  minInstanceSerial: number;
  /** Highest fencing token that was obeyed, and the hash of the job that came with it: one job to a token. */
  token: number;
  job: Uint8Array;
  /** Boot and ms since boot at that job's first step: a job doesn't outlive its limit or a boot. */
  bootId: string;
  startedMs: number;
  /** How often each step ran for that job. */
  uses: { step: string; count: number }[];
  /** What this job has proven on the way, such as that its archive has the hash that was ordered. */
  marks: string[];
  /**
   * An order serves one job: what a node has done once, no other job can make it do again under the same order. And each
   * attempt at that job comes once: `attempt` is the highest that was obeyed.
   */
  orders: { orderId: Uint8Array; jobId: Uint8Array; expiresAt: number; attempt: number }[];
  /** Attempts at disruptive jobs without the owner's signature, by day of the proven time. */
  day: number;
  disruptive: number;
  /** JSON of the node as it was last seen running, and as it was before a job set it aside that has not ended well. */
  site: string;
  before: string;
}

const order = { orderId: fixed(16), jobId: fixed(16), expiresAt: u64, attempt: u16 };

const stateCodec: Codec<RootState> = record({
  timeFloor: u64,
  minInstanceSerial: u64,
  token: u64,
  job: fixed(32),
  bootId: text(64),
  startedMs: u64,
  uses: list(record({ step: text(40), count: u16 }), 64),
  marks: list(text(40), 16),
  orders: list(record(order), MAX_ORDERS),
  day: u32,
  disruptive: u16,
  site: text(MAX_SITE_BYTES),
  before: text(MAX_SITE_BYTES),
});

export const MOST_ORDERS: number = MAX_ORDERS;

export const FRESH_STATE: RootState = {
  timeFloor: 0,
  minInstanceSerial: 0,
  token: 0,
  job: new Uint8Array(32),
  bootId: '',
  startedMs: 0,
  uses: [],
  marks: [],
  orders: [],
  day: 0,
  disruptive: 0,
  site: '',
  before: '',
};

const stateKind: RecordKind<RootState> = { name: 'stoa-root-2', codec: stateCodec };

/** One file a node, root's own. @throws RecordDamagedError: a damaged state is not a fresh one. */
export class RootStates {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  async read(nodeId: string): Promise<RootState> {
    return (await readRecord(this.#disk, join(this.#directory, nodeId), stateKind)) ?? FRESH_STATE;
  }

  /** The latest time that the jobs of any node have proven here, ms since 1970; 0: none. A damaged state has no say. */
  async provenTime(): Promise<number> {
    const nodes = (await this.#disk.list(this.#directory)).filter((name) => NODE_ID.test(name));
    const read = await Promise.all(nodes.map((nodeId) => ifWhole(this.read(nodeId))));
    return Math.max(0, ...read.map((state) => state?.timeFloor ?? 0));
  }

  /** On the medium once it resolves. */
  write(nodeId: string, state: RootState): Promise<void> {
    return writeRecord(this.#disk, join(this.#directory, nodeId), stateKind, state);
  }
}
