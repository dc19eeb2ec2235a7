import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevelopmentHolders, DEVELOPMENT_RELEASE_FILES } from '@stoa/signer';

/** Of this checkout alone, and kept in it: keys and all, so that nothing that it vouches for may leave this machine. */
const DIRECTORY = fileURLToPath(new URL('../../.data/development-root', import.meta.url));

/** @returns file of the root metadata; made if it is not there. Its keys lie beside it. */
export async function developmentRoot(dir: string = DIRECTORY): Promise<string> {
  const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
  await createDevelopmentHolders({ dir, clock: { now: () => Date.now() }, random });
  return join(DEVELOPMENT_RELEASE_FILES.metadata(dir), '1.root.json');
}
