import { join } from 'node:path';
import {
  bool,
  type Codec,
  list,
  MAX_MIRRORS,
  MAX_UPDATE_LINE_BYTES,
  MAX_UPDATE_LINES,
  oneOf,
  optional,
  record,
  text,
  u16,
  u32,
  u64,
  updateState,
} from '@stoa/protocol';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';
import { ifWhole, type RecordKind, readRecord, writeRecord } from '#record-line.ts';
import { fit } from '#reports/text.ts';
import type { Goal } from '#update/goal.ts';
import { NO_HISTORY, SEEN, type UpdateHistory } from '#update/machine.ts';

const goalCodec: Codec<Goal> = record({
  id: text(32),
  by: oneOf('hub', 'host'),
  act: oneOf('install', 'rollback'),
  kind: oneOf('payload', 'runtime'),
  version: text(32),
  targetsVersion: u32,
  targetsSha256: text(64),
  notBefore: u64,
  deadline: u64,
  mirrors: list(text(255), MAX_MIRRORS),
  now: bool,
});

const historyCodec: Codec<UpdateHistory> = record({
  progress: record({
    state: updateState,
    since: u64,
    until: u64,
    goal: optional(goalCodec),
    reason: text(40),
    detail: text(255),
    lastLines: list(text(MAX_UPDATE_LINE_BYTES), MAX_UPDATE_LINES),
    slot: text(64),
    attempts: u16,
  }),
  seen: list(text(32), SEEN),
});

const historyKind: RecordKind<UpdateHistory> = { name: 'stoa-update-1', codec: historyCodec };

export interface UpdateJournalOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly directory: string;
}

/**
 * The update under way and the ids that were obeyed, outside of any version's folder: a version that comes back after a
 * rollback reads the same (F10).
 */
export class UpdateJournal {
  readonly #disk: Disk;
  readonly #log: Log;
  readonly #path: string;
  #history: UpdateHistory = NO_HISTORY;

  private constructor({ disk, log, directory }: UpdateJournalOptions) {
    this.#disk = disk;
    this.#log = log;
    this.#path = join(directory, 'journal');
  }

  /** One that rotted is as none: the hub's list of assignments tells what is to be done. @throws DiskError */
  static async open(options: UpdateJournalOptions): Promise<UpdateJournal> {
    const { disk, log } = options;
    const journal = new UpdateJournal(options);
    const kept = await ifWhole(readRecord(disk, journal.#path, historyKind));
    if (kept === undefined && (await disk.stat(journal.#path)) !== undefined)
      log.error('update-journal-damaged');
    journal.#history = kept ?? NO_HISTORY;
    return journal;
  }

  get history(): UpdateHistory {
    return this.#history;
  }

  /**
   * On the medium before anything is done by it. Where it need not be, a disk that takes nothing costs only that: the next
   * write brings it along (F16).
   * @param must A write that fails leaves all as it was. @throws DiskError
   */
  async write(history: UpdateHistory, { must }: { must: boolean }): Promise<void> {
    const { progress } = history;
    const bounded = {
      ...history,
      progress: {
        ...progress,
        reason: fit(progress.reason, 40),
        detail: fit(progress.detail, 255),
        lastLines: progress.lastLines
          .slice(-MAX_UPDATE_LINES)
          .map((line) => fit(line, MAX_UPDATE_LINE_BYTES)),
      },
    };
    try {
      await writeRecord(this.#disk, this.#path, historyKind, bounded);
    } catch (error) {
      if (must) throw error;
      this.#log.error('update-unwritten', { ...describeError(error) });
    }
    this.#history = bounded;
  }
}
