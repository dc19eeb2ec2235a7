import { type FileHandle, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DirectoryLock, lockDirectory } from '#directory-lock.ts';
import { SignerError } from '#error.ts';

export interface FileFacts {
  kind: 'file' | 'directory' | 'other';
  bytes: number;
  /** Permission bits, 0o000 to 0o777. */
  mode: number;
}

/** What the signer asks of a file system. Once a write resolves, its bytes are on the medium. */
export interface Disk {
  readFile(path: string): Promise<Uint8Array>;
  /** All or nothing, also through a power cut. Makes missing parents (0700). Default mode 0600. */
  writeAtomic(path: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  /** A refusal leaves the file as it was; only a power cut can leave a torn tail. */
  append(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Of the path itself, not of what a link names; undefined if it is absent. */
  stat(path: string): Promise<FileFacts | undefined>;
  /** Keeps every other process out of a directory; a disk in memory has no others. @throws SignerError `directory_in_use`. */
  lock?(directory: string): Promise<DirectoryLock>;
}

/** Also for what is larger than memory. */
export interface LargeDisk extends Disk {
  readChunks(path: string): AsyncIterable<Uint8Array>;
  /** As `writeAtomic`: what breaks off leaves nothing. */
  writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

const TEMPORARY = '.tmp';
const CHUNK_BYTES = 1024 * 1024;
const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

/** The agent's atomic-file.ts has a twin of this, and says why. */
export function createDisk(): LargeDisk {
  return {
    readFile: (path) => attempt('read', path, () => readFile(path)),
    writeAtomic: (path, bytes, mode = PRIVATE_FILE) =>
      attempt('write', path, () => replace(path, bytes, mode)),
    readChunks: (path) => chunksOf(path),
    writeChunks: (path, chunks) => attempt('write', path, () => replace(path, chunks, PRIVATE_FILE)),
    append: (path, bytes) => attempt('append to', path, () => append(path, bytes)),
    stat: (path) => attempt('inspect', path, () => inspect(path)),
    lock: (directory) =>
      attempt('lock', directory, async () => {
        await makeDirectory(directory);
        return lockDirectory(directory);
      }),
  };
}

async function attempt<T>(operation: string, path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const code = errno === 'ENOENT' ? 'file_missing' : 'disk_fault';
    throw new SignerError(code, `could not ${operation} ${path} (${errno})`, { cause });
  }
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await attempt('read', path, () => open(path, 'r'));
  yield* file.createReadStream({ highWaterMark: CHUNK_BYTES });
}

async function replace(
  path: string,
  bytes: Uint8Array | string | AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const temporary = path + TEMPORARY;
  await makeDirectory(dirname(path));
  try {
    await withFile(await open(temporary, 'w', mode), async (file) => {
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

async function append(path: string, bytes: Uint8Array | string): Promise<void> {
  await makeDirectory(dirname(path));
  await withFile(await open(path, 'a', PRIVATE_FILE), async (file) => {
    const { size } = await file.stat();
    try {
      await file.appendFile(bytes);
      await file.datasync();
    } catch (error) {
      await file.truncate(size);
      throw error;
    }
    if (size === 0) await syncDirectory(dirname(path));
  });
}

/** fsync of each directory that got a new entry, or the new tree may be gone after a power cut. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  if (first === undefined) return;
  const top = dirname(first);
  for (let parent = dirname(directory); ; parent = dirname(parent)) {
    await syncDirectory(parent);
    if (parent === top) return;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  await withFile(await open(directory, 'r'), (handle) => handle.sync());
}

async function withFile(file: FileHandle, task: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await task(file);
  } finally {
    await file.close();
  }
}

async function inspect(path: string): Promise<FileFacts | undefined> {
  try {
    const stat = await lstat(path);
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
    return { kind, bytes: stat.size, mode: stat.mode & 0o777 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** UTF-8 text of a file, undefined if it is missing. */
export async function readText(disk: Disk, path: string): Promise<string | undefined> {
  if ((await disk.stat(path)) === undefined) return undefined;
  return new TextDecoder().decode(await disk.readFile(path));
}

/** A name beside `path` that is not taken: `path.1`, `path.2`, … */
export async function freeName(disk: Disk, path: string): Promise<string> {
  for (let n = 1; ; n += 1) {
    const name = `${path}.${n}`;
    if ((await disk.stat(name)) === undefined) return name;
  }
}

/**
 * Reads a file that nobody but its owner may see.
 * @throws SignerError `file_missing`, `key_exposed`.
 */
export async function readPrivate(disk: Disk, path: string, what: string): Promise<Uint8Array> {
  const facts = await disk.stat(path);
  if (facts === undefined) throw new SignerError('file_missing', `${what} ${path} does not exist`);
  if (facts.kind !== 'file')
    throw new SignerError('key_exposed', `${what} ${path} is no regular file: put the file itself there`);
  if ((facts.mode & 0o077) !== 0)
    throw new SignerError(
      'key_exposed',
      `${what} ${path} has mode 0${facts.mode.toString(8)}, so other accounts could have read it: run 'chmod 600 ${path}', and replace the key if other people use this machine`,
    );
  return disk.readFile(path);
}
