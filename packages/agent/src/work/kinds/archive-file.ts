import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArchiveHeader,
  formatHeader,
  HEADER_PREFIX_BYTES,
  headerLength,
  parseHeader,
  TAG_BYTES,
} from '@stoa/protocol/archive';
import type { AgentConfig } from '#config.ts';
import { diskError } from '#disk.ts';

export function backupDirectory({ dataDir }: Pick<AgentConfig, 'dataDir'>): string {
  return join(dataDir, 'backups');
}

export function archiveName(sha256: string): string {
  return `${sha256}.stoa-archive`;
}

const PART = /^\d{10,20}\.part$/;

export interface Unfinished {
  readonly header: ArchiveHeader;
  readonly path: string;
  /** Whole pieces that it holds. */
  readonly pieces: number;
}

/** An archive that an earlier attempt has begun; one that can't be gone on with is removed. */
export async function findUnfinished(directory: string): Promise<Unfinished | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of (await readdir(directory)).filter((file) => PART.test(file))) {
    const path = join(directory, name);
    const found = await readUnfinished(path).catch(() => undefined);
    if (found !== undefined) return found;
    await rm(path, { force: true });
  }
  return undefined;
}

async function readUnfinished(path: string): Promise<Unfinished> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(HEADER_PREFIX_BYTES + 65_536);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const length = headerLength(head.subarray(0, bytesRead));
    const header = parseHeader(head.subarray(0, length));
    const { size } = await file.stat();
    return { header, path, pieces: Math.floor((size - length) / (header.pieceBytes + TAG_BYTES)) };
  } finally {
    await file.close();
  }
}

/**
 * Writes an archive piece by piece, from the header or from where another attempt was cut. On a full disk nothing of it
 * stays (F16).
 * @returns the finished file, its length and the SHA-256 that names it.
 */
export async function writeArchive(
  directory: string,
  { header, pieces }: Pick<Unfinished, 'header' | 'pieces'>,
  source: AsyncIterable<Uint8Array>,
): Promise<{ path: string; bytes: number; sha256: string }> {
  const part = join(directory, `${header.snapshot}.part`);
  const head = formatHeader(header);
  const kept = pieces === 0 ? 0 : head.length + pieces * (header.pieceBytes + TAG_BYTES);
  const hash = createHash('sha256');
  try {
    if (kept > 0)
      for await (const chunk of createReadStream(part, { end: kept - 1 })) hash.update(chunk as Uint8Array);
    const file = await open(part, kept > 0 ? 'r+' : 'w', 0o600);
    try {
      await file.truncate(kept);
      let at = kept;
      if (kept === 0) at += await append(file, hash, { bytes: head, at });
      for await (const bytes of source) at += await append(file, hash, { bytes, at });
      await file.sync();
    } finally {
      await file.close();
    }
    const sha256 = hash.digest('hex');
    const path = join(directory, archiveName(sha256));
    await rename(part, path);
    return { path, bytes: (await stat(path)).size, sha256 };
  } catch (error) {
    const known = diskError('write', part, error);
    if (known.code === 'disk_full') await rm(part, { force: true });
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : known;
  }
}

async function append(
  file: FileHandle,
  hash: ReturnType<typeof createHash>,
  { bytes, at }: { bytes: Uint8Array; at: number },
): Promise<number> {
  hash.update(bytes);
  let written = 0;
  while (written < bytes.length)
    written += (await file.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
  return bytes.length;
}
