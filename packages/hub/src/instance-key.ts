import { chmod, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CryptoSuite, Random, SigningKey } from '@stoa/protocol';
import { HubError } from './error.ts';

/**
 * The key of this hub instance: a seed in a file of 0600, made at first start. Whoever reads it can be this instance for
 * as long as its certificate lasts, seven days at most (docs/keys.md).
 */
export async function loadInstanceKey(
  path: string,
  by: { crypto: CryptoSuite; random: Random },
): Promise<SigningKey> {
  const seed = (await readSeed(path)) ?? (await writeSeed(path, by.random(32)));
  return by.crypto.signingKey(seed);
}

async function readSeed(path: string): Promise<Uint8Array | undefined> {
  const facts = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (facts === undefined) return undefined;
  if ((facts.mode & 0o077) !== 0)
    throw new HubError(
      'instance_key_exposed',
      `${path} may be read by others than its owner: chmod 600 it, or remove it for a new key`,
      {
        retry: false,
      },
    );
  const seed = await readFile(path);
  if (seed.length !== 32)
    throw new HubError(
      'instance_key_damaged',
      `${path} has ${seed.length} bytes, 32 expected: remove it for a new key`,
      { retry: false },
    );
  return new Uint8Array(seed);
}

async function writeSeed(path: string, seed: Uint8Array): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(seed);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return seed;
}
