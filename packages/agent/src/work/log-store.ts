import { join } from 'node:path';
import { fromHex, LIMITS, toHex } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { Disk } from '#disk.ts';
import { JobLog } from '#work/job-log.ts';
import { attemptKey, type Lease } from '#work/lease.ts';

/** A log and how much of it the hub has. */
export interface StoredLog {
  readonly lease: Lease;
  readonly path: string;
  /** On disk here. */
  size: number;
  /** The job has ended: the log grows no more. */
  ended: boolean;
  /** As the hub said last. */
  stored: number;
  window: number;
  /** Up to where chunks were sent in this session. */
  sent: number;
}

export interface LogStoreOptions {
  clock: Clock;
  disk: Disk;
  directory: string;
  /** A log has grown. */
  ready: () => void;
  failed: (error: unknown) => void;
}

/** All logs of a node together: with those that no hub has fetched for days, its host gives no more (F27). */
const MOST_BYTES = 32 * 2 ** 20;
/** The hub is asked with this much how far it has the log, at its beginning and in each new session. */
export const FIRST_WINDOW: number = LIMITS.logChunkBytes;

/** Logs of jobs, from their first line until the hub has them whole; the oldest give way to new ones. */
export class LogStore {
  readonly #options: LogStoreOptions;
  readonly #logs = new Map<string, StoredLog>();

  private constructor(options: LogStoreOptions) {
    this.#options = options;
  }

  /** What earlier processes left: their jobs have ended with them. @throws DiskError */
  static async open(options: LogStoreOptions): Promise<LogStore> {
    const store = new LogStore(options);
    const { disk, directory } = options;
    for (const name of await disk.list(directory)) {
      const [jobId = '', attempt, token] = name.split('-');
      if (!/^[0-9a-f]{32}-\d+-\d+$/.test(name)) continue;
      const lease = { jobId: fromHex(jobId), attempt: Number(attempt), fencingToken: Number(token) };
      const size = (await disk.stat(join(directory, name)))?.bytes ?? 0;
      store.#logs.set(attemptKey(lease), { ...store.#fresh(lease), size, ended: true });
    }
    return store;
  }

  /** In the order of their beginnings. */
  get logs(): StoredLog[] {
    return [...this.#logs.values()];
  }

  find(lease: Pick<Lease, 'jobId' | 'attempt'>): StoredLog | undefined {
    return this.#logs.get(attemptKey(lease));
  }

  pathOf({ jobId, attempt, fencingToken }: Lease): string {
    return join(this.#options.directory, `${toHex(jobId)}-${attempt}-${fencingToken}`);
  }

  begin(lease: Lease): JobLog {
    const { clock, disk, ready, failed } = this.#options;
    this.#makeRoom(LIMITS.jobLogBytes);
    const log = this.#fresh(lease);
    this.#logs.set(attemptKey(lease), log);
    return new JobLog({
      clock,
      disk,
      path: log.path,
      maxBytes: LIMITS.jobLogBytes,
      grown: (bytes) => {
        log.size += bytes;
        ready();
      },
      failed,
    });
  }

  end(lease: Lease): void {
    const log = this.find(lease);
    if (log === undefined) return;
    log.ended = true;
    this.settle(log);
  }

  /** The hub has it, or wants no more of it. */
  settle(log: StoredLog): void {
    if (log.ended && (log.stored >= log.size || log.window === 0)) this.#drop(log);
  }

  #drop(log: StoredLog): void {
    this.#logs.delete(attemptKey(log.lease));
    this.#options.disk.remove(log.path).catch((error: unknown) => this.#options.failed(error));
  }

  #makeRoom(bytes: number): void {
    let used = this.logs.reduce((sum, { size, ended }) => sum + (ended ? size : LIMITS.jobLogBytes), 0);
    for (const log of this.logs) {
      if (used + bytes <= MOST_BYTES) return;
      if (!log.ended) continue;
      used -= log.size;
      this.#drop(log);
    }
  }

  #fresh(lease: Lease): StoredLog {
    return {
      lease,
      path: this.pathOf(lease),
      size: 0,
      ended: false,
      stored: 0,
      window: FIRST_WINDOW,
      sent: 0,
    };
  }
}
