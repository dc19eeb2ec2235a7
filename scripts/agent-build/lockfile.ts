import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const LOCKFILE = fileURLToPath(new URL('../../pnpm-lock.yaml', import.meta.url));

/** @param name `ws@8.23.0`. @returns as the registry told it when it was locked: `sha512-…`. */
export async function lockedIntegrity(name: string): Promise<string> {
  const lines = (await readFile(LOCKFILE, 'utf8')).split('\n');
  const at = lines.findIndex((line) => line === `  ${name}:` || line === `  '${name}':`);
  const integrity = /\{integrity: (sha512-[A-Za-z0-9+/=]+)[,}]/.exec(lines[at + 1] ?? '')?.[1];
  if (at < 0 || integrity === undefined)
    throw new Error(`${name} has no integrity in ${LOCKFILE}: pnpm install writes it`);
  return integrity;
}
