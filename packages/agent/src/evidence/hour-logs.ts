import { join } from 'node:path';
import { encode, type HourRecord, hourRecord } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Disk } from '#disk.ts';
import { HOUR_MS } from '#evidence/hub-time.ts';
import { appendRecord, type RecordKind } from '#record-line.ts';

/** A minute in the journal of open hours is an hour of one line. */
export const hourRecordKind: RecordKind<HourRecord> = { name: 'stoa-hour-record-1', codec: hourRecord };

/** A day takes about 800 KB: 32 MB in all. */
export const LOG_DAYS = 40;
const DAY_MS = 24 * HOUR_MS;

/** `2026-11-26.log`: evidence lies in a file for each day of the hub's clock, UTC. */
export function dayFile(hubHour: number): string {
  return `${new Date(hubHour * HOUR_MS).toISOString().slice(0, 10)}.log`;
}

/** The node's own log of hours that have a checkpoint: what they signed, so that it can be shown. */
export class HourLogs {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #days: number;
  /** A checkpoint that could not be stored is made again, from the same log. */
  #kept: { hubHour: number; digest: Uint8Array } | undefined;
  #sweptFor = '';

  constructor(disk: Disk, directory: string, days: number) {
    this.#disk = disk;
    this.#directory = directory;
    this.#days = days;
  }

  /** On the medium when it resolves with what the checkpoint signs of it. @throws DiskError */
  async keep(log: HourRecord): Promise<Uint8Array> {
    const { hubHour } = log;
    if (this.#kept?.hubHour === hubHour) return this.#kept.digest;
    const digest = digestOf(log);
    await this.#sweep(hubHour);
    await appendRecord(this.#disk, join(this.#directory, dayFile(hubHour)), hourRecordKind, log);
    this.#kept = { hubHour, digest };
    return digest;
  }

  async #sweep(hubHour: number): Promise<void> {
    const oldest = dayFile(Math.max(0, hubHour - (this.#days * DAY_MS) / HOUR_MS));
    if (oldest === this.#sweptFor) return;
    for (const name of await this.#disk.list(this.#directory))
      if (name < oldest) await this.#disk.remove(join(this.#directory, name));
    this.#sweptFor = oldest;
  }
}

export function digestOf(log: HourRecord): Uint8Array {
  return nodeCrypto.hash(encode(hourRecord, log));
}
