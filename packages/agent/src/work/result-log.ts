import { join } from 'node:path';
import { bytes, fixed, record } from '@stoa/protocol';
import type { Disk } from '#disk.ts';
import { appendRecord, type RecordKind } from '#record-line.ts';

/** A result with its receipt, and what it takes to check that from the root. */
export interface Answered {
  readonly result: Uint8Array;
  readonly receipt: Uint8Array;
  readonly root: Uint8Array;
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

export const answeredKind: RecordKind<Answered> = {
  name: 'stoa-job-answered-1',
  codec: record({
    result: bytes(2_176),
    receipt: bytes(512),
    root: fixed(32),
    region: bytes(512),
    instance: bytes(512),
  }),
};

/** Results of one file: about 1 MB. */
const PER_FILE = 256;
const FILES = 32;

/** What the owner can show of each job: the last 8,000 or so, in files named by the first number that they may hold. */
export class ResultLog {
  readonly #disk: Disk;
  readonly #directory: string;
  #files: string[];

  private constructor(disk: Disk, directory: string, files: string[]) {
    this.#disk = disk;
    this.#directory = directory;
    this.#files = files;
  }

  static async open(disk: Disk, directory: string): Promise<ResultLog> {
    return new ResultLog(disk, directory, await disk.list(directory));
  }

  async append(number: number, answered: Answered): Promise<void> {
    const name = `${String(number - (number % PER_FILE)).padStart(12, '0')}.log`;
    await appendRecord(this.#disk, join(this.#directory, name), answeredKind, answered);
    if (this.#files.includes(name)) return;
    this.#files = [...this.#files, name].sort();
    for (const old of this.#files.splice(0, this.#files.length - FILES))
      await this.#disk.remove(join(this.#directory, old));
  }
}
