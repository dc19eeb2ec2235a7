import { scrypt } from 'node:crypto';
import { type Random, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, readPrivate } from '#disk.ts';
import { SignerError } from '#error.ts';
import { Secret } from '#keys/secret.ts';

const KEY_BYTES = 32;
const MIN_PASSPHRASE_BYTES = 12;
/** 128 MiB and about 0.6 s: what a guess costs, too. */
const SCRYPT_COST = { n: 2 ** 17, r: 8, p: 1 };
/** A file must not make its reader take all memory. */
const MAX_SCRYPT_MEMORY = 2 ** 30;

/** How a key file's box key comes about, as stored in the file; `salt` is hex. */
export type Kdf =
  | { readonly name: 'key-file'; readonly salt: string }
  | {
      readonly name: 'scrypt';
      readonly n: number;
      readonly r: number;
      readonly p: number;
      readonly salt: string;
    };

export interface ScryptCost {
  n: number;
  r: number;
  p: number;
}

/** What opens sealed keys: a passphrase, or the bytes of a key file. */
export class Unlock {
  readonly kind: Kdf['name'];
  readonly #secret: Secret;
  readonly #cost: ScryptCost;

  constructor(kind: Kdf['name'], secret: Secret, cost: ScryptCost = SCRYPT_COST) {
    this.kind = kind;
    this.#secret = secret;
    this.#cost = cost;
  }

  /** Parameters for a new key file. */
  parameters(random: Random): Kdf {
    const salt = Buffer.from(random(KEY_BYTES)).toString('hex');
    return this.kind === 'scrypt' ? { name: 'scrypt', ...this.#cost, salt } : { name: 'key-file', salt };
  }

  /**
   * @param context hash of all that the box key is bound to
   * @throws SignerError `key_locked` where the file wants the other kind of unlocking.
   */
  async boxKey(kdf: Kdf, context: Uint8Array): Promise<Uint8Array> {
    if (kdf.name !== this.kind)
      throw new SignerError(
        'key_locked',
        `the key is sealed with ${TITLES[kdf.name]}, ${TITLES[this.kind]} was given`,
      );
    const salt = Buffer.from(kdf.salt, 'hex');
    // A true copy: `slice` of a Buffer would share, and be wiped with, the secret.
    const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);
    const material = kdf.name === 'scrypt' ? await this.#stretch(kdf, salt) : this.#secret.use(copy);
    const key = nodeCrypto.hkdf(material, salt, context, KEY_BYTES);
    material.fill(0);
    return key;
  }

  destroy(): void {
    this.#secret.destroy();
  }

  #stretch(cost: ScryptCost, salt: Uint8Array): Promise<Uint8Array> {
    const memory = 128 * cost.n * cost.r;
    if (memory > MAX_SCRYPT_MEMORY)
      throw new SignerError(
        'key_damaged',
        `the key file asks for ${memory} bytes of memory (at most ${MAX_SCRYPT_MEMORY})`,
      );
    const options = { N: cost.n, r: cost.r, p: cost.p, maxmem: 2 * memory };
    return new Promise((resolve, reject) => {
      this.#secret.use((passphrase) =>
        scrypt(passphrase, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key))),
      );
    });
  }
}

const TITLES: Record<Kdf['name'], string> = { 'key-file': 'a key file', scrypt: 'a passphrase' };

/** @throws SignerError `bad_argument` where it is shorter than 12 bytes. */
export function unlockWithPassphrase(passphrase: string, cost?: ScryptCost): Unlock {
  const bytes = utf8(passphrase.normalize('NFC'));
  if (bytes.length < MIN_PASSPHRASE_BYTES)
    throw new SignerError(
      'bad_argument',
      `the passphrase has ${bytes.length} bytes: take ${MIN_PASSPHRASE_BYTES} or more, for instance five random words`,
    );
  return new Unlock('scrypt', new Secret(bytes), cost);
}

/** @throws SignerError `file_missing`, `key_exposed`, `key_damaged`. */
export async function unlockWithKeyFile(path: string, disk: Disk): Promise<Unlock> {
  const bytes = await readPrivate(disk, path, 'the unlocking key file');
  if (bytes.length !== KEY_BYTES)
    throw new SignerError(
      'key_damaged',
      `the unlocking key file ${path} has ${bytes.length} bytes (expected ${KEY_BYTES})`,
    );
  return new Unlock('key-file', new Secret(bytes));
}

/** @throws SignerError `key_exists`. */
export async function createUnlockKeyFile(path: string, by: { disk: Disk; random: Random }): Promise<Unlock> {
  if ((await by.disk.stat(path)) !== undefined)
    throw new SignerError(
      'key_exists',
      `the unlocking key file ${path} exists already and may open sealed keys: it is never overwritten`,
    );
  const bytes = by.random(KEY_BYTES);
  await by.disk.writeAtomic(path, bytes);
  return new Unlock('key-file', new Secret(bytes));
}
