import { fixed, list, record, u32, u64, word64 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, readText } from '#disk.ts';
import { HOUR_MS, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';
import { appendRecord, formatRecord, parseRecords, type RecordKind } from '#record-line.ts';

/** What is known of one hub hour before its checkpoint. */
export interface Hour {
  hubHour: number;
  /** Minutes in which the hub acknowledged a frame. */
  minutes: bigint;
  /** Of the sessions those minutes belong to. */
  sessionIds: Uint8Array[];
  /** d(n) = hash(d(n-1), payload) from 32 zero bytes, over the hour's tip reports as they were sent. */
  tipsDigest: Uint8Array;
  /** Likewise over heartbeats and descriptions. */
  inputsDigest: Uint8Array;
  /** Of the process that last added to the hour. */
  bootId: Uint8Array;
  /** Its age then, ms. */
  uptimeMs: number;
}

const MAX_SESSIONS = 32;

export const hourKind: RecordKind<Hour> = {
  name: 'stoa-hour-1',
  codec: record({
    hubHour: u32,
    minutes: word64,
    sessionIds: list(fixed(16), MAX_SESSIONS),
    tipsDigest: fixed(32),
    inputsDigest: fixed(32),
    bootId: fixed(16),
    uptimeMs: u64,
  }),
};

export interface HourJournalOptions {
  disk: Disk;
  path: string;
  bootId: Uint8Array;
  /** Of this process, ms. */
  uptimeMs: () => number;
}

/**
 * The hours that have no checkpoint yet. Each newly acknowledged minute is appended and forced to the medium, so that
 * kill -9 costs at most the minute that was being written; digests are as of the last such line.
 */
export class HourJournal {
  readonly #options: HourJournalOptions;
  readonly #hours = new Map<number, Hour>();
  #unwritten = false;

  private constructor(options: HourJournalOptions) {
    this.#options = options;
  }

  static async open(options: HourJournalOptions): Promise<HourJournal> {
    const journal = new HourJournal(options);
    const text = (await readText(options.disk, options.path)) ?? '';
    for (const hour of parseRecords(hourKind, text)) journal.#hours.set(hour.hubHour, hour);
    return journal;
  }

  /** Of hours that have begun, ascending. */
  get hubHours(): number[] {
    return [...this.#hours.keys()].sort((a, b) => a - b);
  }

  /** An append failed: the next one carries what it held. */
  get unwritten(): boolean {
    return this.#unwritten;
  }

  /** Empty for an hour in which nothing was acknowledged. */
  get(hubHour: number): Hour {
    return this.#hours.get(hubHour) ?? this.#begin(hubHour);
  }

  /** The hub acknowledged a frame at `hubTime`. Resolves when a minute that is new is on the medium. @throws DiskError */
  async mark(hubTime: number, sessionId: Uint8Array): Promise<void> {
    const hour = this.#open(hourOf(hubTime));
    const minute = 1n << BigInt(Math.floor((hubTime % HOUR_MS) / MINUTE_MS));
    const known = hour.sessionIds.some((id) => Buffer.compare(id, sessionId) === 0);
    if (known && (hour.minutes & minute) !== 0n && !this.#unwritten) return;
    hour.minutes |= minute;
    if (!known) hour.sessionIds = [...hour.sessionIds, sessionId].slice(-MAX_SESSIONS);
    hour.bootId = this.#options.bootId;
    hour.uptimeMs = Math.floor(this.#options.uptimeMs());
    const { disk, path } = this.#options;
    try {
      await appendRecord(disk, path, hourKind, hour);
      this.#unwritten = false;
    } catch (error) {
      this.#unwritten = true;
      throw error;
    }
  }

  addTips(hubTime: number, payload: Uint8Array): void {
    const hour = this.#open(hourOf(hubTime));
    hour.tipsDigest = nodeCrypto.hash(hour.tipsDigest, payload);
  }

  addInputs(hubTime: number, payload: Uint8Array): void {
    const hour = this.#open(hourOf(hubTime));
    hour.inputsDigest = nodeCrypto.hash(hour.inputsDigest, payload);
  }

  /** Forgets the hours up to `hubHour`: their checkpoints stand. @throws DiskError */
  async forgetUpTo(hubHour: number): Promise<void> {
    const before = this.#hours.size;
    for (const open of this.hubHours) if (open <= hubHour) this.#hours.delete(open);
    if (this.#hours.size === before) return;
    const { disk, path } = this.#options;
    const lines = [...this.#hours.values()].map((hour) => formatRecord(hourKind, hour));
    await disk.writeAtomic(path, lines.join(''));
  }

  #open(hubHour: number): Hour {
    const hour = this.get(hubHour);
    this.#hours.set(hubHour, hour);
    return hour;
  }

  #begin(hubHour: number): Hour {
    return {
      hubHour,
      minutes: 0n,
      sessionIds: [],
      tipsDigest: new Uint8Array(32),
      inputsDigest: new Uint8Array(32),
      bootId: this.#options.bootId,
      uptimeMs: Math.floor(this.#options.uptimeMs()),
    };
  }
}
