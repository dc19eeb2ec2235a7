import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exists } from './files.ts';

const SIGNER = fileURLToPath(new URL('../../packages/signer/src/main.ts', import.meta.url));

/** Of this checkout alone, and kept in it: keys and all, so that nothing that it vouches for may leave this machine. */
export const DEVELOPMENT_ROOT: string = fileURLToPath(
  new URL('../../.data/development-root', import.meta.url),
);

/** @returns file of the root metadata; made if it is not there. */
export async function developmentRoot(directory: string = DEVELOPMENT_ROOT): Promise<string> {
  const file = join(directory, '1.root.json');
  if (!(await exists(file)))
    await promisify(execFile)(process.execPath, [SIGNER, 'root', 'init', '--development', directory]);
  return file;
}
