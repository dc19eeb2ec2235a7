import { join } from 'node:path';
import {
  type EncodedMessage,
  encodeAgentMessage,
  equalBytes,
  openProvenReceipt,
  ProtocolError,
  type ProvenReceipt,
  peek,
  provenReceipt,
  receiptRootKind,
  record,
  toHex,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Clock } from '#clock.ts';
import { type Disk, readText } from '#disk.ts';
import { dayFile } from '#evidence/hour-logs.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import {
  appendRecord,
  ifWhole,
  parseRecords,
  type RecordKind,
  readRecord,
  writeRecord,
} from '#record-line.ts';

export const settledKind: RecordKind<ProvenReceipt> = { name: 'stoa-settled-1', codec: provenReceipt };

const headKind: RecordKind<{ number: number }> = {
  name: 'stoa-settled-head-1',
  codec: record({ number: u64 }),
};

/** An answer has a bounded number: while some come there may be more. A hub answers once a minute. */
const ASK_AGAIN_MS = 60_000;
/** Taken of one answer. A hub sends a day's at once, and what shares the last root with them. */
const MOST_OF_ANSWER = 64;
/** Kept in a day, 5 MB without records of gaps: the first day has those of five weeks. */
const MOST_OF_DAY = 2_000;
const DAY_MS = 86_400_000;
/** Each hour leaves a receipt. So many hours of which none came, and the number that is asked by is not believed. */
const SILENT_HOURS = 4;
/** How far back it is then asked anew. */
const REWOUND_DAYS = [1, 2];
const DAY_HOURS = 24;
/** Days of which the receipts that are kept are known by hash: those of an answer lie within them, or are read once more. */
const DAYS_KNOWN = 40;

export interface SettledOptions {
  disk: Disk;
  clock: Pick<Clock, 'monotonic'>;
  store: IdentityStore;
}

/**
 * What the region has settled of this node, as it comes: kept for ever, one append-only file a day of the hours that it is
 * about, 60 KB. Only what was asked for is taken, each once, whatever its number: asked for by the number before that of the
 * newest root that is kept, since a root may stand for two; what a session or a disk lost comes again. One that does not lead
 * to a signed root is not kept. A root may say any number, so one after which no hour is settled any more is not believed.
 */
export class SettledReceipts {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #store: IdentityStore;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Hashes of what is kept, by the name of its file. */
  readonly #known: Map<string, Set<string>> = new Map<string, Set<string>>();
  #number: number;
  #send: ((message: EncodedMessage) => void) | undefined;
  #asked: { at: number; received: number; isAnswered: boolean } = {
    ...{ at: 0, received: MOST_OF_ANSWER, isAnswered: false },
  };
  /** Since a write failed, until it is asked for anew: what comes behind it would move the number past it. */
  #isFailing = false;
  #silentHours = 0;
  #today: { since: number; kept: number } = { since: 0, kept: 0 };

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
    this.#asked = { at: this.#clock.monotonic(), received: 0, isAnswered: false };
    this.#isFailing = false;
    this.#send?.(encodeAgentMessage('receiptsWanted', { after: Math.max(0, this.#number - 1) }));
  }

  /** An hour's checkpoint was answered, so the hour before is settled. @throws DiskError */
  async askAfter(hubHour: number): Promise<void> {
    this.#silentHours += 1;
    if (this.#silentHours > SILENT_HOURS) await this.#rewind(hubHour);
    this.ask();
  }

  /** Asks for the rest, where the last answer may have had more. */
  goOn(): void {
    const { at, isAnswered } = this.#asked;
    if (isAnswered && this.#clock.monotonic() - at >= ASK_AGAIN_MS) this.ask();
  }

  /** Whether one that comes now is part of an answer: what is not asked for is worth no queue and no signature. */
  expects(): boolean {
    if (this.#send === undefined || this.#asked.received >= MOST_OF_ANSWER) return false;
    this.#asked.received += 1;
    return true;
  }

  /** @throws ProtocolError; DiskError: then it and what comes behind it are asked for again. */
  async take(proven: ProvenReceipt): Promise<void> {
    const { identity, nodeId } = this.#store;
    const trust = { root: identity.credential.root, region: identity.region };
    const { receipt, root } = openProvenReceipt(proven, trust, nodeCrypto);
    if (!equalBytes(receipt.nodeId, nodeId))
      throw new ProtocolError('bad_signature', 'the settled receipt is for another node');
    if (this.#isFailing) return;
    try {
      await this.#keep(proven, receipt.hubHour, root.number);
    } catch (error) {
      this.#asked = { ...this.#asked, received: MOST_OF_ANSWER, isAnswered: true };
      this.#isFailing = true;
      throw error;
    }
  }

  async #keep(proven: ProvenReceipt, hubHour: number, number: number): Promise<void> {
    const name = dayFile(hubHour);
    const known = await this.#knownOf(name);
    const hash = hashOf(proven);
    if (!known.has(hash)) {
      if (!this.#mayKeep()) return;
      await appendRecord(this.#disk, join(this.#directory, 'settled', name), settledKind, proven);
      known.add(hash);
      this.#silentHours = 0;
      this.#asked.isAnswered = true;
    }
    if (number <= this.#number) return;
    await writeRecord(this.#disk, headPath(this.#directory), headKind, { number });
    this.#number = number;
    this.#asked.isAnswered = true;
  }

  #mayKeep(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#today.since >= DAY_MS) this.#today = { since: now, kept: 0 };
    this.#today.kept += 1;
    return this.#today.kept <= MOST_OF_DAY;
  }

  async #knownOf(name: string): Promise<Set<string>> {
    const known = this.#known.get(name) ?? new Set((await this.#read(name)).map(hashOf));
    this.#known.delete(name);
    this.#known.set(name, known);
    for (const old of [...this.#known.keys()].slice(0, -DAYS_KNOWN)) this.#known.delete(old);
    return known;
  }

  async #read(name: string): Promise<ProvenReceipt[]> {
    return parseRecords(
      settledKind,
      (await readText(this.#disk, join(this.#directory, 'settled', name))) ?? '',
    );
  }

  /** Back to the least number of the days before: what is kept of what comes then is not kept twice. */
  async #rewind(hubHour: number): Promise<void> {
    const days = REWOUND_DAYS.map((days) => dayFile(Math.max(0, hubHour - days * DAY_HOURS)));
    const kept = (await Promise.all(days.map((name) => this.#read(name)))).flat();
    const numbers = kept.map(({ root }) => peek(receiptRootKind, root).number);
    this.#number = numbers.length === 0 ? 0 : Math.min(...numbers);
    this.#silentHours = 0;
  }
}

function hashOf(proven: ProvenReceipt): string {
  return toHex(nodeCrypto.hash(proven.body, proven.root));
}

function headPath(directory: string): string {
  return join(directory, 'settled-head');
}
