import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevelopmentHolders, DEVELOPMENT_RELEASE_FILES } from '@stoa/signer';
import { BuildError } from './error.ts';

/** Of this checkout alone, and kept in it: keys and all, so that nothing that it vouches for may leave this machine. */
const DIRECTORY = fileURLToPath(new URL('../../.data/development-root', import.meta.url));

/** @returns file of the root metadata; made if it is not there. Its keys lie beside it. */
export async function developmentRoot(dir: string = DIRECTORY): Promise<string> {
  const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
  await createDevelopmentHolders({ dir, clock: { now: () => Date.now() }, random });
  return join(DEVELOPMENT_RELEASE_FILES.metadata(dir), '1.root.json');
}

/**
 * Of an agent that goes to other hosts, where it trusts this root for as long as it lives: never one of development unasked.
 * @throws BuildError `root_missing`
 */
export async function rootOfArtefact(by: {
  root?: string | undefined;
  development: boolean;
}): Promise<string> {
  if (by.root !== undefined && !by.development) return by.root;
  if (by.root === undefined && by.development) return developmentRoot();
  throw new BuildError(
    'root_missing',
    'say whose releases the agent takes: --root FILE, the root that the holders made (docs/releases.md), or --development for a test',
  );
}
