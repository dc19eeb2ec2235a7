import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { diskError } from '#disk.ts';
import { UpdateError } from '#update/error.ts';

/** What a file must turn out to be. */
export interface Expected {
  /** For messages. */
  readonly path: string;
  /** Hex, of the decoded bytes. */
  readonly sha256: string;
  readonly length: number;
}

/** How the bytes on disk become the file: as they are, unpacked, or unpacked against the file they were made from. */
export type Packing =
  | { readonly kind: 'plain' }
  | { readonly kind: 'zstd' }
  | { readonly kind: 'patch'; readonly from: Uint8Array };

/** Patches are made with a window that spans the whole runtime. */
const PATCH_WINDOW_LOG = 31;

/**
 * Decodes `packed` into `to`, which appears only if it is exactly what was signed (F32), and is on the medium then. Nothing
 * stays of what is not, and no more than `length` bytes are ever written.
 * @throws UpdateError `download_mismatch`, DiskError; the signal's reason.
 */
export async function unpackTo(
  to: string,
  packed: string,
  how: { packing: Packing; expected: Expected; signal: AbortSignal },
): Promise<void> {
  const temporary = `${to}.tmp`;
  try {
    await pipeline(
      [createReadStream(packed), ...decoders(how.packing), writer(temporary, how.expected)] as never,
      { signal: how.signal },
    );
    await rename(temporary, to);
    await syncDirectory(dirname(to));
  } catch (error) {
    await rm(temporary, { force: true });
    how.signal.throwIfAborted();
    throw described(error, how.expected, to);
  }
}

function decoders(packing: Packing) {
  if (packing.kind === 'plain') return [];
  if (packing.kind === 'zstd') return [createZstdDecompress()];
  return [
    createZstdDecompress({
      dictionary: packing.from as NodeJS.ArrayBufferView,
      params: { [constants.ZSTD_d_windowLogMax]: PATCH_WINDOW_LOG },
    }),
  ];
}

function writer(path: string, { path: name, sha256, length }: Expected) {
  return async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    const hash = createHash('sha256');
    const file = await open(path, 'w', 0o600);
    try {
      let at = 0;
      for await (const chunk of source) {
        if (at + chunk.length > length)
          throw new UpdateError('download_mismatch', `${name} unpacks to more than its ${length} bytes`);
        hash.update(chunk);
        await writeWhole(file, chunk, at);
        at += chunk.length;
      }
      const found = hash.digest('hex');
      if (at !== length || found !== sha256)
        throw new UpdateError(
          'download_mismatch',
          `${name} is ${at} bytes with SHA-256 ${found.slice(0, 12)}…, signed are ${length} with ${sha256.slice(0, 12)}…`,
        );
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

function described(error: unknown, { path }: Expected, to: string): unknown {
  if (error instanceof UpdateError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('ZSTD_') || code.startsWith('Z_') || code.startsWith('ERR_'))
    return new UpdateError('download_mismatch', `${path} can't be unpacked: ${String(error)}`, error);
  return diskError('write', to, error);
}

export async function writeWhole(file: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  let written = 0;
  while (written < chunk.length)
    written += (await file.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
