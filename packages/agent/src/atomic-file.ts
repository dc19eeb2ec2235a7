import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  statfs,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Disk, type DiskSpace, diskError, type FileStat } from '#disk.ts';

const TEMPORARY = '.tmp';
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * The signer's disk.ts has a twin of this: @stoa/protocol, all that the two packages share, does no input or output
 * (test/architecture.test.ts), and the custody of keys depends on no other package.
 *
 * @param directoryMode Of directories that it makes, whatever the umask.
 */
export function createDisk({ directoryMode = DIRECTORY_MODE }: { directoryMode?: number } = {}): Disk {
  const queue = new PathQueue();
  return {
    readFile: (path) => attempt('read', path, () => readFile(path)),
    readRange: (path, offset, length) => attempt('read', path, () => readRange(path, offset, length)),
    writeAtomic: (path, bytes, mode = FILE_MODE) =>
      attempt('write', path, () => queue.run(path, () => replace(path, bytes, { mode, directoryMode }))),
    append: (path, bytes) =>
      attempt('append to', path, () => queue.run(path, () => append(path, bytes, directoryMode))),
    list: (directory) => attempt('list', directory, () => list(directory)),
    remove: (path) =>
      attempt('remove', path, () => queue.run(path, () => rm(path, { recursive: true, force: true }))),
    stat: (path) => attempt('inspect', path, () => inspect(path)),
    space: (path) => attempt('measure the space of', path, () => space(path)),
  };
}

/** Gives each path one writer at a time: the temporary name is fixed, and the last call must win. */
class PathQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  run<T>(path: string, task: () => Promise<T>): Promise<T> {
    const tail = (this.#tails.get(path) ?? Promise.resolve()).then(task, task);
    const forget = (): void => {
      if (this.#tails.get(path) === tail) this.#tails.delete(path);
    };
    this.#tails.set(path, tail);
    tail.then(forget, forget);
    return tail;
  }
}

async function attempt<T>(operation: string, path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw diskError(operation, path, error);
  }
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  const room = Buffer.alloc(length);
  try {
    const { bytesRead } = await file.read(room, 0, length, offset);
    return room.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function replace(
  path: string,
  bytes: Uint8Array | string,
  { mode, directoryMode }: { mode: number; directoryMode: number },
): Promise<void> {
  const temporary = path + TEMPORARY;
  await makeDirectory(dirname(path), directoryMode);
  try {
    const file = await open(temporary, 'w', mode);
    await withFile(file, async () => {
      // `open` leaves the mode of a leftover as it was.
      await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function append(path: string, bytes: Uint8Array | string, directoryMode: number): Promise<void> {
  await makeDirectory(dirname(path), directoryMode);
  const file = await open(path, 'a', FILE_MODE);
  await withFile(file, async () => {
    const { size } = await file.stat();
    try {
      await file.appendFile(bytes);
      await file.datasync();
    } catch (error) {
      await cutBack(file, size);
      throw error;
    }
    if (size === 0) await syncDirectory(dirname(path));
  });
}

/** Only a regular file can be cut; a device or a pipe holds nothing of the failed write. */
async function cutBack(file: FileHandle, size: number): Promise<void> {
  if ((await file.stat()).isFile()) await file.truncate(size);
}

/** fsync of each directory that got a new entry, or the new tree may be gone after a power cut. */
async function makeDirectory(directory: string, mode: number): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = directory; ; made = dirname(made)) {
    await chmod(made, mode);
    if (made === first) break;
  }
  const top = dirname(first);
  for (let parent = dirname(directory); ; parent = dirname(parent)) {
    await syncDirectory(parent);
    if (parent === top) return;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await withFile(handle, () => handle.sync());
}

async function withFile(file: FileHandle, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } finally {
    await file.close();
  }
}

async function list(directory: string): Promise<string[]> {
  const names = await absentAs([], () => readdir(directory));
  return names.filter((name) => !name.endsWith(TEMPORARY)).sort();
}

async function inspect(path: string): Promise<FileStat | undefined> {
  const stat = await absentAs(undefined, () => lstat(path));
  if (stat === undefined) return undefined;
  return {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other',
    bytes: stat.size,
    mode: stat.mode & 0o777,
    uid: stat.uid,
    modifiedMs: stat.mtimeMs,
    device: stat.dev,
  };
}

async function absentAs<T>(absent: T, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return absent;
    throw error;
  }
}

async function space(path: string): Promise<DiskSpace> {
  const figures = await statfs(path);
  return {
    totalBytes: figures.blocks * figures.bsize,
    freeBytes: figures.bavail * figures.bsize,
    totalInodes: figures.files,
    freeInodes: figures.ffree,
  };
}
