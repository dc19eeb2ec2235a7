import type { CryptoSuite, Random, SigningKey } from '@stoa/protocol';
import { HubError } from './error.ts';
import { PrivateFile } from './private-file.ts';

/**
 * The key of this hub instance: a seed in a file of 0600, made at first start. Whoever reads it can be this instance for
 * as long as its certificate lasts, seven days at most (docs/keys.md).
 */
export async function loadInstanceKey(
  path: string,
  by: { crypto: CryptoSuite; random: Random },
): Promise<SigningKey> {
  const file = new PrivateFile(path);
  const held = await file.load();
  if (held !== undefined && held.length !== 32)
    throw new HubError(
      'instance_key_damaged',
      `${path} has ${held.length} bytes, 32 expected: remove it for a new key`,
      {
        retry: false,
      },
    );
  const seed = held ?? by.random(32);
  if (held === undefined) await file.save(seed);
  return by.crypto.signingKey(seed);
}
