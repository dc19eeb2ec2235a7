import { fixed, type HourRecord, list, record, u32, u64, word64 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, readText } from '#disk.ts';
import { hourRecordKind } from '#evidence/hour-logs.ts';
import { HOUR_MS, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';
import type { SpokenLine } from '#evidence/spoken-minute.ts';
import { formatRecord, parseRecords, type RecordKind } from '#record-line.ts';

/** What is known of one hub hour before its checkpoint. */
export interface Hour {
  hubHour: number;
  /** Minutes in which the hub acknowledged a frame. */
  minutes: bigint;
  /** Of the sessions those minutes belong to. */
  sessionIds: Uint8Array[];
  /** d(n) = hash(d(n-1), payload) from 32 zero bytes, over the hour's tip reports as they were sent. */
  tipsDigest: Uint8Array;
  /** Of agents that kept no log of the hour: over heartbeats and descriptions. Zero since. */
  inputsDigest: Uint8Array;
  /** Of the process that last added to the hour. */
  bootId: Uint8Array;
  /** Its age then, ms. */
  uptimeMs: number;
}

const MAX_SESSIONS = 32;
/** Of one hour's log. */
const MAX_LINES = 255;
/** While no checkpoint can be stored, logs of as many hours stay in memory, 45 KB each. */
const LOGGED_HOURS = 24;

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
 * kill -9 costs at most the minute that was being written; digests are as of the last such line. Lines of the node's own log
 * go with the next such append.
 */
export class HourJournal {
  readonly #options: HourJournalOptions;
  readonly #hours = new Map<number, Hour>();
  /** By hour, as they stand in the file: those of an hour are read once, for its checkpoint. */
  readonly #lines = new Map<number, string[]>();
  /** Lines that no append has taken along yet. */
  #waiting: string[] = [];
  #unwritten = false;

  private constructor(options: HourJournalOptions) {
    this.#options = options;
  }

  static async open(options: HourJournalOptions): Promise<HourJournal> {
    const journal = new HourJournal(options);
    const text = (await readText(options.disk, options.path)) ?? '';
    for (const hour of parseRecords(hourKind, text)) journal.#hours.set(hour.hubHour, hour);
    for (const log of parseRecords(hourRecordKind, text)) journal.#keep(log);
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
    await this.#append([formatRecord(hourKind, hour)]);
  }

  /** A minute of the node's own log; written with the next one that is marked. */
  log({ hubHour, line }: SpokenLine): void {
    const kept = this.#keep({ hubHour, minutes: [line] });
    if (kept !== undefined) this.#waiting.push(kept);
  }

  /** Undefined where nothing was said in the hour. */
  logOf(hubHour: number): HourRecord | undefined {
    const lines = this.#lines.get(hubHour);
    if (lines === undefined) return undefined;
    return {
      hubHour,
      minutes: parseRecords(hourRecordKind, lines.join('')).flatMap(({ minutes }) => minutes),
    };
  }

  /** Writes lines that wait for a minute that may not come any more. @throws DiskError */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.#append([]);
  }

  addTips(hubTime: number, payload: Uint8Array): void {
    const hour = this.#open(hourOf(hubTime));
    hour.tipsDigest = nodeCrypto.hash(hour.tipsDigest, payload);
  }

  /** Forgets the hours up to `hubHour`: their checkpoints stand. @throws DiskError */
  async forgetUpTo(hubHour: number): Promise<void> {
    const before = this.#hours.size + this.#lines.size;
    for (const open of this.hubHours) if (open <= hubHour) this.#hours.delete(open);
    for (const open of [...this.#lines.keys()]) if (open <= hubHour) this.#lines.delete(open);
    if (this.#hours.size + this.#lines.size === before) return;
    const { disk, path } = this.#options;
    const hours = [...this.#hours.values()].map((hour) => formatRecord(hourKind, hour));
    const kept = this.#waiting;
    this.#waiting = [];
    try {
      await disk.writeAtomic(path, [...hours, ...[...this.#lines.values()].flat()].join(''));
    } catch (error) {
      this.#waiting = [...kept, ...this.#waiting];
      throw error;
    }
  }

  async #append(records: string[]): Promise<void> {
    const { disk, path } = this.#options;
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      // Each begins anew, so that what a crash tore before it spoils nothing.
      await disk.append(path, [...waiting, ...records].map((line) => `\n${line}`).join(''));
      this.#unwritten = false;
    } catch (error) {
      this.#unwritten = true;
      this.#waiting = [...waiting, ...this.#waiting].slice(-MAX_LINES);
      throw error;
    }
  }

  /** The line as it is written; undefined past the bound of an hour. */
  #keep(log: HourRecord): string | undefined {
    const lines = this.#lines.get(log.hubHour) ?? [];
    if (lines.length >= MAX_LINES) return undefined;
    const line = formatRecord(hourRecordKind, log);
    this.#lines.set(log.hubHour, [...lines, line]);
    const oldest = log.hubHour - LOGGED_HOURS;
    for (const hubHour of this.#lines.keys()) if (hubHour < oldest) this.#lines.delete(hubHour);
    return line;
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
