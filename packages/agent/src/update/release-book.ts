import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { record, text, u32, u64 } from '@stoa/protocol';
import {
  type Floors,
  METADATA_BYTES,
  NO_FLOORS,
  type OnlineMetadata,
  ReleaseError,
  type ReleaseTarget,
  type ReleaseTargets,
  raiseFloors,
  type Seen,
  type TrustedRoot,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTargets,
  verifyTimestamp,
} from '@stoa/protocol/release';
import { type Disk, FileMissingError } from '#disk.ts';
import type { Log } from '#log.ts';
import { ifWhole, type RecordKind, readRecord, writeRecord } from '#record-line.ts';
import { UpdateError } from '#update/error.ts';

/** A file of a mirror's `metadata/`; undefined where it has none. */
export type FetchMetadata = (name: string, maxBytes: number) => Promise<Uint8Array | undefined>;

interface Marks {
  readonly floors: Floors;
  /** When the newest timestamp was accepted, ms since 1970: no clock is believed below it. 0: never. */
  readonly timestampAt: number;
  /** Since when the signed floor lies above what runs; 0: it does not. */
  readonly floorSeenAt: number;
}

interface FlatMarks {
  root: number;
  timestampKeys: string;
  timestamp: number;
  snapshotKeys: string;
  snapshot: number;
  since: number;
  targets: number;
  content: string;
  payload: string;
  runtime: string;
  timestampAt: number;
  floorSeenAt: number;
}

const marksKind: RecordKind<FlatMarks> = {
  name: 'stoa-update-marks-1',
  codec: record({
    root: u32,
    timestampKeys: text(64),
    timestamp: u32,
    snapshotKeys: text(64),
    snapshot: u32,
    since: u32,
    targets: u32,
    content: text(32),
    payload: text(32),
    runtime: text(32),
    timestampAt: u64,
    floorSeenAt: u64,
  }),
};

/** A mirror names no more roots than this at a time. */
const MAX_ROOTS = 64;

export interface ReleaseBookOptions {
  readonly disk: Disk;
  readonly log: Log;
  /** Outside of any version's folder. */
  readonly directory: string;
  /** The root that this program was built with, or a newer one that its installer has: trusted as it stands. */
  readonly anchor: Uint8Array;
}

/**
 * Signed metadata of releases as this node has seen it: the chain of roots from the anchor on, the newest targets, and the
 * marks that nothing goes behind (F19). Each file is written atomically, in an order in which every prefix is good; what is
 * lost or damaged is seeded from the anchor anew. Nothing here is needed to start or to run (F17).
 */
export class ReleaseBook {
  readonly #options: ReleaseBookOptions;
  #root: TrustedRoot;
  #roots: Uint8Array[];
  #targets: { bytes: Uint8Array; release: ReleaseTargets } | undefined;
  #marks: Marks = { floors: NO_FLOORS, timestampAt: 0, floorSeenAt: 0 };

  private constructor(options: ReleaseBookOptions) {
    this.#options = options;
    this.#root = verifyRoots(options.anchor);
    this.#roots = [];
  }

  /** @throws ReleaseError where the anchor itself is no root, DiskError. */
  static async open(options: ReleaseBookOptions): Promise<ReleaseBook> {
    const book = new ReleaseBook(options);
    await book.#load();
    return book;
  }

  get root(): TrustedRoot {
    return this.#root;
  }

  /** Roots after the anchor, oldest first. */
  get roots(): readonly Uint8Array[] {
    return this.#roots;
  }

  /** The newest that was accepted; it may have expired since. */
  get targets(): { readonly bytes: Uint8Array; readonly release: ReleaseTargets } | undefined {
    return this.#targets;
  }

  get floors(): Floors {
    return this.#marks.floors;
  }

  get timestampAt(): number {
    return this.#marks.timestampAt;
  }

  get floorSeenAt(): number | undefined {
    return this.#marks.floorSeenAt || undefined;
  }

  get timestampVersion(): number {
    return this.#marks.floors.timestamp.version;
  }

  /**
   * TUF's client workflow against one mirror (5.3 to 5.6). What was verified before it failed is kept.
   * @param proven ms since 1970. No time is believed that lies before the last accepted timestamp.
   * @throws UpdateError, HttpError, DiskError
   */
  async refresh(fetch: FetchMetadata, proven: number): Promise<ReleaseTargets> {
    const at = Math.max(proven, this.timestampAt);
    try {
      await this.#followRoots(fetch, at);
      const judged = { at, floors: this.floors };
      const timestamp = verifyTimestamp(this.#root, await need(fetch, 'timestamp.json', 'timestamp'), judged);
      await this.#mark({ timestamp }, { timestampAt: at });
      const snapshot = await this.#snapshot(fetch, { ...judged, timestamp });
      return await this.#follow(fetch, { at, floors: this.floors, snapshot });
    } catch (error) {
      throw described(error);
    }
  }

  /** What was installed has proven itself: installing anything older is a downgrade from now on. */
  confirmed(target: ReleaseTarget): Promise<void> {
    return this.#mark({ confirmed: target });
  }

  /** @param below Whether what runs lies below the signed floor. */
  async floorSeen(below: boolean, at: number): Promise<void> {
    if (below === this.#marks.floorSeenAt > 0) return;
    await this.#mark({}, { floorSeenAt: below ? Math.max(1, at) : 0 });
  }

  async #followRoots(fetch: FetchMetadata, at: number): Promise<void> {
    for (let step = 0; step < MAX_ROOTS; step += 1) {
      const version = this.#root.version + 1;
      const bytes = await fetch(`${version}.root.json`, METADATA_BYTES.root);
      if (bytes === undefined) break;
      const root = verifyRoots(this.#options.anchor, [...this.#roots, bytes]);
      if (root.version !== version)
        throw new ReleaseError('bad_root', `${version}.root.json is root ${root.version}`);
      await this.#options.disk.writeAtomic(this.#path(`${version}.root.json`), bytes);
      this.#roots = [...this.#roots, bytes];
      this.#root = root;
      await this.#mark();
    }
    verifyRoots(this.#options.anchor, this.#roots, { at });
  }

  async #snapshot(
    fetch: FetchMetadata,
    judged: { at: number; floors: Floors; timestamp: OnlineMetadata },
  ): Promise<OnlineMetadata> {
    const { version } = judged.timestamp.names;
    const bytes = await need(fetch, `${version}.snapshot.json`, 'snapshot');
    const snapshot = verifySnapshot(this.#root, bytes, judged);
    await this.#mark({ snapshot });
    return snapshot;
  }

  async #follow(
    fetch: FetchMetadata,
    judged: { at: number; floors: Floors; snapshot: OnlineMetadata },
  ): Promise<ReleaseTargets> {
    const { version, sha256: sha256Named } = judged.snapshot.names;
    // More often than not it is here already.
    const kept =
      this.#targets && sha256(this.#targets.bytes) === sha256Named ? this.#targets.bytes : undefined;
    const bytes = kept ?? (await need(fetch, `${version}.targets.json`, 'targets'));
    const release = verifyNamedTargets(this.#root, bytes, judged);
    if (kept === undefined) await this.#options.disk.writeAtomic(this.#path('targets.json'), bytes);
    this.#targets = { bytes, release };
    await this.#mark({ targets: release });
    return release;
  }

  async #mark(seen: Seen = {}, more: Partial<Omit<Marks, 'floors'>> = {}): Promise<void> {
    const marks = { ...this.#marks, ...more, floors: raiseFloors(this.floors, this.#root, seen) };
    const [before, after] = [flat(this.#marks), flat(marks)];
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    await writeRecord(this.#options.disk, this.#path('marks'), marksKind, after);
    this.#marks = marks;
  }

  async #load(): Promise<void> {
    const { disk, log, anchor } = this.#options;
    const marks = await ifWhole(readRecord(disk, this.#path('marks'), marksKind));
    if (marks !== undefined) this.#marks = unflat(marks);
    for (;;) {
      const version = this.#root.version + 1;
      const bytes = await readIf(disk, this.#path(`${version}.root.json`));
      if (bytes === undefined) break;
      try {
        this.#root = verifyRoots(anchor, [...this.#roots, bytes]);
        this.#roots = [...this.#roots, bytes];
      } catch (error) {
        // It is fetched anew.
        log.warn('update-root-damaged', { version, why: String(error) });
        break;
      }
    }
    const bytes = await readIf(disk, this.#path('targets.json'));
    if (bytes === undefined) return;
    try {
      this.#targets = { bytes, release: verifyTargets(this.#root, bytes, { floors: this.floors }) };
    } catch (error) {
      log.warn('update-targets-unusable', { why: String(error) });
    }
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }
}

async function need(
  fetch: FetchMetadata,
  name: string,
  role: 'timestamp' | 'snapshot' | 'targets',
): Promise<Uint8Array> {
  const bytes = await fetch(name, METADATA_BYTES[role]);
  if (bytes === undefined) throw new UpdateError('mirrors_silent', `the mirror has no ${name}`);
  return bytes;
}

async function readIf(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (error instanceof FileMissingError) return undefined;
    throw error;
  }
}

function described(error: unknown): unknown {
  if (!(error instanceof ReleaseError)) return error;
  const code =
    error.code === 'rolled_back'
      ? 'metadata_older'
      : error.code === 'expired'
        ? 'metadata_expired'
        : 'metadata_bad';
  return new UpdateError(code, error.message, error);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function flat({ floors, timestampAt, floorSeenAt }: Marks): FlatMarks {
  const { root, timestamp, snapshot, targets } = floors;
  return {
    root,
    timestampKeys: timestamp.keys,
    timestamp: timestamp.version,
    snapshotKeys: snapshot.keys,
    snapshot: snapshot.version,
    since: targets.since,
    targets: targets.version,
    content: targets.content,
    payload: targets.newest.payload,
    runtime: targets.newest.runtime,
    timestampAt,
    floorSeenAt,
  };
}

function unflat(marks: FlatMarks): Marks {
  const { since, targets: version, content, payload, runtime } = marks;
  return {
    floors: {
      root: marks.root,
      timestamp: { keys: marks.timestampKeys, version: marks.timestamp },
      snapshot: { keys: marks.snapshotKeys, version: marks.snapshot },
      targets: { since, version, content, newest: { payload, runtime } },
    },
    timestampAt: marks.timestampAt,
    floorSeenAt: marks.floorSeenAt,
  };
}
