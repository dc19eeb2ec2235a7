import { createHash } from 'node:crypto';
import { PassThrough, type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { isPatch, type ReleaseTargets } from '@stoa/protocol/release';
import { PublishError } from './error.ts';
import type { NamedBlob, ReleaseSource } from './source.ts';
import type { ReleaseTree } from './tree.ts';

/** A file as the signed metadata describes it. */
export interface SignedBlob extends NamedBlob {
  /** For people. */
  readonly name: string;
  /** In bytes, decoded. */
  readonly length: number;
  /** Whether it is served by zstd too: what is packed already is not packed again. */
  readonly packed: boolean;
}

/** The best ratio whose window still lets small nodes decode: 8 MiB. */
const LEVEL = 19;

export function blobsOf({ targets, sbom }: Pick<ReleaseTargets, 'targets' | 'sbom'>): readonly SignedBlob[] {
  const files = targets.map(({ path, sha256, length, custom }) => ({
    ...{ path, name: path, sha256, length, packed: !isPatch(custom.kind) },
  }));
  return sbom === undefined ? files : [...files, { ...sbom, name: 'the list of components', packed: true }];
}

/**
 * Puts a file into the tree, with its encoding; what lies there already is checked and kept.
 * @throws PublishError `release_incomplete`, `release_refused`.
 */
export async function takeBlob(tree: ReleaseTree, blob: SignedBlob, source: ReleaseSource): Promise<void> {
  if (await isHeld(tree, blob)) return;
  const { sha256, length } = blob;
  const packed = `${sha256}.zst`;
  const encoded = blob.packed ? await source.open(blob, 'zstd') : undefined;
  if (encoded !== undefined) {
    // An encoding larger than what it encodes is somebody's mischief.
    await tree.keepBlob(packed, through(encoded, atMost(blob, length + 1_024)));
    try {
      await decoding(tree.keepBlob(sha256, through(tree.stream(packed), decoder(), checked(blob))));
    } catch (error) {
      await tree.removeBlob(packed);
      throw error;
    }
    return;
  }
  const plain = await source.open(blob, 'plain');
  if (plain === undefined) throw incomplete(blob, source);
  await tree.keepBlob(sha256, through(plain, checked(blob)));
  if (blob.packed) await tree.keepBlob(packed, through(tree.stream(sha256), encoder(length)));
}

/** As `takeBlob`, and writes nothing. */
export async function checkBlob(blob: SignedBlob, source: ReleaseSource): Promise<void> {
  const [plain, encoded] = await Promise.all([
    source.open(blob, 'plain'),
    blob.packed ? source.open(blob, 'zstd') : undefined,
  ]);
  if (plain === undefined && encoded === undefined) throw incomplete(blob, source);
  if (plain !== undefined) await drained(through(plain, checked(blob)));
  if (encoded !== undefined)
    await decoding(drained(through(encoded, atMost(blob, blob.length + 1_024), decoder(), checked(blob))));
}

async function isHeld(tree: ReleaseTree, blob: SignedBlob): Promise<boolean> {
  const packed = `${blob.sha256}.zst`;
  const [plain, encoded] = await Promise.all([tree.blob(blob.sha256), tree.blob(packed)]);
  if (plain === undefined || (blob.packed && encoded === undefined)) return false;
  try {
    await drained(through(tree.stream(blob.sha256), checked(blob)));
    if (blob.packed) await decoding(drained(through(tree.stream(packed), decoder(), checked(blob))));
    return true;
  } catch (error) {
    if (error instanceof PublishError) return false;
    throw error;
  }
}

/** One stream of several; a fault of any is its own. */
function through(first: Readable, ...steps: readonly Transform[]): Readable {
  const out = new PassThrough();
  pipeline([first, ...steps, out]).catch((error: Error) => out.destroy(error));
  return out;
}

/** @throws PublishError for what is no zstd, or was cut off. */
async function decoding(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!/^Z(?:STD)?_/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new PublishError('release_refused', 'a .zst file of the release is no zstd, or was cut off', {
      cause,
    });
  }
}

async function drained(stream: Readable): Promise<void> {
  for await (const _ of stream);
}

function decoder(): Transform {
  return createZstdDecompress();
}

function encoder(length: number): Transform {
  return createZstdCompress({
    pledgedSrcSize: length,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
  });
}

function atMost({ name }: SignedBlob, most: number): Transform {
  let size = 0;
  return new Transform({
    transform(part: Uint8Array, _encoding, done) {
      size += part.length;
      if (size <= most) done(null, part);
      else done(new PublishError('release_refused', `the file of ${name} is larger than ${most} bytes`));
    },
  });
}

function checked({ name, sha256, length }: SignedBlob): Transform {
  const hash = createHash('sha256');
  let size = 0;
  return new Transform({
    transform(part: Uint8Array, _encoding, done) {
      size += part.length;
      hash.update(part);
      if (size <= length) done(null, part);
      else done(refused(`is larger than the ${length} bytes that are signed`));
    },
    flush(done) {
      const found = hash.digest('hex');
      if (size === length && found === sha256) done();
      else done(refused(`has ${size} bytes and SHA-256 ${found}; ${length} bytes and ${sha256} are signed`));
    },
  });
  function refused(what: string): PublishError {
    return new PublishError('release_refused', `the file of ${name} ${what}`);
  }
}

function incomplete({ name, sha256 }: SignedBlob, source: ReleaseSource): PublishError {
  return new PublishError(
    'release_incomplete',
    `the file of ${name} (SHA-256 ${sha256}) is not in ${source.name}, plain or as .zst`,
  );
}
