import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { InstallError } from '#launcher/installer.ts';
import { writeRuntime } from '#launcher/runtime-swap.ts';

/** What `zstd --patch-from` takes for files of this size. */
const WINDOW_LOG = 31;

/**
 * Makes the runtime of which a patch tells the difference to the one that runs (`zstd --patch-from`), whole at `to` or not
 * there. Streaming it takes some 270 MB for a runtime of 108 MB: the old one is the dictionary.
 * @param by.sha256 Hex, of what must come out: how it was packed is not trusted (F32).
 * @param by.length In bytes, of the same.
 * @throws InstallError `install_mismatch` where something else comes out, or nothing: the whole file is what is left then.
 */
export async function applyRuntimePatch(by: {
  program: string;
  patch: string;
  to: string;
  sha256: string;
  length: number;
}): Promise<void> {
  const dictionary = await readFile(by.program);
  const decoder = createZstdDecompress({
    dictionary,
    params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
  });
  const feeding = pipeline(createReadStream(by.patch), decoder);
  try {
    const [sha256] = await Promise.all([writeRuntime(by.to, noMore(decoder, by.length)), feeding]);
    if (sha256 === by.sha256) return;
    throw mismatch(`it makes ${sha256}, ${by.sha256} was signed`);
  } catch (error) {
    await feeding.catch(() => undefined);
    if (error instanceof InstallError) throw error;
    throw mismatch(error instanceof Error ? error.message : String(error), error);
  }
}

async function* noMore(bytes: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let came = 0;
  for await (const chunk of bytes) {
    came += chunk.length;
    if (came > length) throw mismatch(`it makes more than the ${length} bytes that were signed`);
    yield chunk;
  }
}

function mismatch(why: string, cause?: unknown): InstallError {
  return new InstallError('install_mismatch', `the patch does not make the runtime: ${why}`, cause);
}
