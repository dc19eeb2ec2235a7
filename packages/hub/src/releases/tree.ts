import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { METADATA_BYTES, parseMetadata, ReleaseError } from '@stoa/protocol/release';
import { orMissing } from '../or-missing.ts';
import { PublishError } from './error.ts';

const VERSIONED = /^([1-9]\d{0,9})\.(root|targets|snapshot)\.json$/;
const BLOB = /^[0-9a-f]{64}(?:\.zst)?$/;
const TIMESTAMP = 'timestamp.json';
const PARTIAL = '.part-';
/** No refresh under way asks for a snapshot that was written so long ago and is not in force. */
const KEPT_SNAPSHOT_MS = 24 * 3_600_000;
const CUT_OFF_MS = 3_600_000;

/** The version of the snapshot that a timestamp names; undefined where it can't be read. */
function namedBy(timestamp: Uint8Array): number | undefined {
  try {
    return parseMetadata('timestamp', timestamp).signed.snapshotMeta.version;
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

export type VersionedRole = 'root' | 'targets' | 'snapshot';

type Fill = (file: Awaited<ReturnType<typeof open>>) => Promise<void>;

export interface StoredFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Metadata and target files as they are served, below one directory that instances may share and any static mirror may
 * copy. Versioned metadata and target files never change; `timestamp.json` is what puts a release in force, so whatever
 * is cut off before it is renamed leaves the former one served. Nothing stands under its name before it is whole on the disk.
 */
export class ReleaseTree {
  readonly #directory: string;
  /** Names what this process writes, so that processes that share the directory do not meet. */
  readonly #token: () => string;

  constructor(by: { directory: string; token: () => string }) {
    this.#directory = by.directory;
    this.#token = by.token;
  }

  /** Undefined where there is none. */
  read(role: VersionedRole, version: number): Promise<Uint8Array | undefined> {
    return this.#read(this.#metadata(`${version}.${role}.json`));
  }

  timestamp(): Promise<Uint8Array | undefined> {
    return this.#read(this.#metadata(TIMESTAMP));
  }

  /** Ascending. */
  async versions(role: VersionedRole): Promise<readonly number[]> {
    const names = (await orMissing(readdir(this.#metadata('')))) ?? [];
    return names
      .flatMap((name) => {
        const [, version, of] = VERSIONED.exec(name) ?? [];
        return of === role ? [Number(version)] : [];
      })
      .sort((a, b) => a - b);
  }

  /** A file of metadata by the name that it is served under; undefined for any other name. */
  async metadataFile(name: string): Promise<StoredFile | undefined> {
    return VERSIONED.test(name) || name === TIMESTAMP ? this.#file(this.#metadata(name)) : undefined;
  }

  /** A target's file by its SHA-256 in hex, with `.zst` behind it for its encoding; undefined for any other name. */
  async blob(name: string): Promise<StoredFile | undefined> {
    return BLOB.test(name) ? this.#file(this.#blob(name)) : undefined;
  }

  /**
   * Metadata that never changes.
   * @param isSound of what lies there; where it is not, the disk or somebody has changed it, and it is replaced
   * @throws PublishError `release_differs` where other bytes have that version.
   */
  async keep(
    role: VersionedRole,
    version: number,
    bytes: Uint8Array,
    isSound: (held: Uint8Array) => boolean = () => true,
  ): Promise<void> {
    const path = this.#metadata(`${version}.${role}.json`);
    const fill: Fill = async (file) => void (await file.writeFile(bytes));
    if (await this.#write(path, fill, 'once')) return;
    const held = await readFile(path);
    if (held.equals(bytes)) return;
    if (isSound(held))
      throw new PublishError(
        'release_differs',
        `${path} holds another ${role} of version ${version}: what was published stays, take the next version`,
      );
    await this.#write(path, fill, 'replace');
  }

  /** Puts a release in force. */
  async replaceTimestamp(bytes: Uint8Array): Promise<void> {
    await this.#write(
      this.#metadata(TIMESTAMP),
      async (file) => void (await file.writeFile(bytes)),
      'replace',
    );
  }

  /**
   * A target's file, which stands under its name once `content` has come to its end. The caller sees to it that the bytes
   * are those that the name says, and makes the stream fail where they are not.
   */
  async keepBlob(name: string, content: Readable): Promise<void> {
    // Replaces one that the disk has spoilt: the name says what is in it.
    await this.#write(this.#blob(name), async (file) => void (await file.writeFile(content)), 'replace');
  }

  async removeBlob(name: string): Promise<boolean> {
    const there = (await this.blob(name)) !== undefined;
    if (there) await rm(this.#blob(name), { force: true });
    return there;
  }

  /** Opened by nobody but `sendFile` and checks. */
  stream(name: string): Readable {
    return createReadStream(this.#blob(name));
  }

  /** Ascending by name, those of encodings among them. */
  async blobs(): Promise<readonly string[]> {
    const names = (await orMissing(readdir(this.#blob('')))) ?? [];
    return names.filter((name) => BLOB.test(name)).sort();
  }

  /**
   * Takes away what writes that were cut off have left for an hour, and snapshots that no refresh under way can still be
   * asking for: by the age of the file, since a thief of online keys numbers as high as they like.
   * What the timestamp names always stays. @param now milliseconds since 1970.
   */
  async sweep(now: number): Promise<void> {
    const bytes = await this.timestamp();
    const inForce = bytes && namedBy(bytes);
    for (const version of inForce === undefined ? [] : await this.versions('snapshot'))
      if (version !== inForce)
        await this.#removeOlder(this.#metadata(`${version}.snapshot.json`), now - KEPT_SNAPSHOT_MS);
    for (const folder of [this.#metadata(''), this.#blob('')])
      for (const name of (await orMissing(readdir(folder))) ?? [])
        if (name.startsWith(PARTIAL)) await this.#removeOlder(join(folder, name), now - CUT_OFF_MS);
  }

  async #removeOlder(path: string, than: number): Promise<void> {
    const facts = await orMissing(stat(path));
    if (facts !== undefined && facts.mtimeMs < than) await rm(path, { force: true });
  }

  #metadata(name: string): string {
    return join(this.#directory, 'metadata', name);
  }

  #blob(name: string): string {
    return join(this.#directory, 'targets', name);
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    const file = await this.#file(path);
    if (file === undefined || file.size > METADATA_BYTES.targets) return undefined;
    return orMissing(readFile(path));
  }

  async #file(path: string): Promise<StoredFile | undefined> {
    const facts = await orMissing(stat(path));
    return facts?.isFile() ? { path, size: facts.size } : undefined;
  }

  /** @returns whether it was written; `once` leaves what stands there. */
  async #write(path: string, fill: Fill, how: 'once' | 'replace'): Promise<boolean> {
    const directory = dirname(path);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const part = join(directory, `${PARTIAL}${this.#token()}`);
    try {
      const file = await open(part, 'wx', 0o644);
      try {
        await fill(file);
        await file.sync();
      } finally {
        await file.close();
      }
      if (how === 'replace') await rename(part, path);
      // Unlike a rename, a link fails where the name is taken: of two writers one is told.
      else await link(part, path);
    } catch (error) {
      if (how === 'once' && (error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(part, { force: true });
    }
    const parent = await open(directory, 'r');
    try {
      await parent.sync();
    } finally {
      await parent.close();
    }
    return true;
  }
}
