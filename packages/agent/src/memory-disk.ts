import { type Disk, DiskFullError, type DiskSpace, FileMissingError, type FileStat } from '#disk.ts';
import { AgentError } from '#error.ts';

interface Inode {
  bytes: Uint8Array;
  /** What `bytes` begins, where it was appended to. */
  room?: Uint8Array;
  mode: number;
  modifiedMs: number;
  /** Set by an append: from here on a power cut may tear it. A rename is whole or absent. */
  syncedBytes?: number;
}

/** What a power cut does to writes that were not yet forced to the medium. `kept` is also what `kill -9` leaves. */
export type Unsynced = 'lost' | 'torn' | 'kept';

/** Code `power_cut`: the crash point was reached; the disk answers nothing more until `restart`. */
export class PowerCutError extends AgentError<'power_cut'> {
  override readonly name = 'PowerCutError';

  constructor() {
    super('power_cut', 'the simulated machine has lost power', { retry: false });
  }
}

export interface MemoryDiskOptions {
  capacityBytes?: number;
  now?: () => number;
}

/**
 * A disk in memory with the two faults that matter: it fills up, and it loses power between any two of the steps by
 * which the real one makes a write durable (write, fsync, rename, fsync of the directory).
 */
export class MemoryDisk implements Disk {
  capacityBytes: number;
  readonly #now: () => number;
  /** As running processes see it. */
  #files = new Map<string, Inode>();
  /** As it would be after a power cut. */
  #medium = new Map<string, Inode>();
  #stepsLeft = Number.POSITIVE_INFINITY;

  constructor(options: MemoryDiskOptions = {}) {
    this.capacityBytes = options.capacityBytes ?? 1e9;
    this.#now = options.now ?? (() => 0);
  }

  /** Power goes off after so many more steps; every later call rejects with PowerCutError. */
  crashAfter(steps: number): void {
    this.#stepsLeft = steps;
  }

  restart(unsynced: Unsynced = 'lost'): void {
    this.#stepsLeft = Number.POSITIVE_INFINITY;
    if (unsynced === 'torn') this.#tear();
    if (unsynced === 'kept') this.#medium = new Map(this.#files);
    this.#files = new Map([...this.#medium].filter(([path]) => !path.endsWith('.tmp')));
    this.#medium = new Map(this.#files);
  }

  async readFile(path: string): Promise<Uint8Array> {
    this.#powered();
    const inode = this.#files.get(path);
    if (inode === undefined) {
      // As on a real disk the caller waits by then. A rejection that nobody handles yet is entered into a list, and of ten
      // thousand agents in one process that list took a fifth of the time.
      await Promise.resolve();
      throw new FileMissingError('read', path);
    }
    return inode.bytes.slice();
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    return (await this.readFile(path)).slice(offset, offset + length);
  }

  async writeAtomic(path: string, bytes: Uint8Array | string, mode = 0o600): Promise<void> {
    const inode = { bytes: toBytes(bytes), mode, modifiedMs: this.#now() };
    const temporary = `${path}.tmp`;
    this.#step();
    this.#reserve('write', path, inode.bytes.length);
    this.#files.set(temporary, inode);
    this.#step();
    this.#medium.set(temporary, inode);
    this.#step();
    this.#files.delete(temporary);
    this.#files.set(path, inode);
    this.#step();
    this.#medium.delete(temporary);
    this.#medium.set(path, inode);
  }

  async append(path: string, bytes: Uint8Array | string): Promise<void> {
    const tail = toBytes(bytes);
    this.#step();
    this.#reserve('append to', path, tail.length);
    const old = this.#files.get(path);
    const inode = {
      ...lengthened(old, tail),
      mode: old?.mode ?? 0o600,
      modifiedMs: this.#now(),
      syncedBytes: old?.bytes.length ?? 0,
    };
    this.#files.set(path, inode);
    this.#step();
    this.#medium.set(path, inode);
  }

  async list(directory: string): Promise<string[]> {
    this.#powered();
    const names = new Set<string>();
    for (const path of this.#files.keys()) {
      const name = childOf(directory, path);
      if (name !== undefined && !name.endsWith('.tmp')) names.add(name);
    }
    return [...names].sort();
  }

  async remove(path: string): Promise<void> {
    this.#step();
    for (const name of [...this.#files.keys()]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue;
      this.#files.delete(name);
      this.#medium.delete(name);
    }
  }

  async stat(path: string): Promise<FileStat | undefined> {
    this.#powered();
    const inode = this.#files.get(path);
    if (inode) {
      const { bytes, mode, modifiedMs } = inode;
      return { kind: 'file', bytes: bytes.length, mode, uid: 0, modifiedMs, device: 1 };
    }
    const held = [...this.#files.keys()].some((name) => childOf(path, name) !== undefined);
    return held ? { kind: 'directory', bytes: 0, mode: 0o700, uid: 0, modifiedMs: 0, device: 1 } : undefined;
  }

  async space(_path: string): Promise<DiskSpace> {
    this.#powered();
    const freeBytes = Math.max(0, this.capacityBytes - this.#used());
    return {
      totalBytes: this.capacityBytes,
      freeBytes,
      totalInodes: 1e6,
      freeInodes: 1e6 - this.#files.size,
    };
  }

  #powered(): void {
    if (this.#stepsLeft < 0) throw new PowerCutError();
  }

  #step(): void {
    this.#stepsLeft -= 1;
    this.#powered();
  }

  #used(): number {
    let bytes = 0;
    for (const inode of this.#files.values()) bytes += inode.bytes.length;
    return bytes;
  }

  #reserve(operation: string, path: string, bytes: number): void {
    if (this.#used() + bytes > this.capacityBytes) throw new DiskFullError(operation, path);
  }

  #tear(): void {
    for (const [path, inode] of this.#files) {
      const { bytes, syncedBytes } = inode;
      if (this.#medium.get(path) === inode || syncedBytes === undefined) continue;
      const reached = syncedBytes + ((bytes.length - syncedBytes) >> 1);
      this.#medium.set(path, { ...inode, bytes: bytes.slice(0, reached) });
    }
  }
}

/** Room to grow is shared with what the file was before: a journal would else be copied with each of its lines. */
function lengthened(
  { bytes, room = bytes }: Pick<Inode, 'bytes' | 'room'> = { bytes: new Uint8Array() },
  tail: Uint8Array,
): { bytes: Uint8Array; room: Uint8Array } {
  const length = bytes.length + tail.length;
  let grown = room;
  if (length > room.length) {
    grown = new Uint8Array(Math.ceil(1.5 * length));
    grown.set(bytes);
  }
  grown.set(tail, bytes.length);
  return { bytes: grown.subarray(0, length), room: grown };
}

function toBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : Uint8Array.from(bytes);
}

/** The name of the entry of `directory` that is, or leads to, `path`. */
function childOf(directory: string, path: string): string | undefined {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  if (!path.startsWith(prefix)) return undefined;
  return path.slice(prefix.length).split('/')[0];
}
