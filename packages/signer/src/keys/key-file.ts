import { inspect } from 'node:util';
import { equalBytes, fromHex, type Random, type SigningKey, toHex, utf8 } from '@stoa/protocol';
import { type ArchiveHeader, openHeader } from '@stoa/protocol/archive';
import { nodeCrypto } from '@stoa/protocol/node';
import nacl from 'tweetnacl';
import { type Disk, freeName, readPrivate } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { Kdf, Unlock } from '#keys/unlock.ts';

const VERSION = 1;
const SEED_BYTES = 32;

/** What a key may be used for; it is sealed in, so a file renamed to another purpose does not open. */
export const KEY_PURPOSES = [
  'root',
  'instances',
  'enrol',
  'authority',
  'owner',
  'release-root',
  'release-targets',
  'minter',
  'mint-approver',
  'mint-governor',
] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

/** A sealed key as it stands on disk: JSON, byte strings in hex. */
export interface KeyFile {
  readonly version: number;
  readonly purpose: KeyPurpose;
  readonly publicKey: string;
  readonly kdf: Kdf;
  readonly nonce: string;
  readonly box: string;
}

/** An opened key. It signs; the seed itself cannot be had from it again, nor printed. */
export class UnlockedKey implements SigningKey {
  static {
    Object.defineProperty(UnlockedKey.prototype, inspect.custom, {
      value(this: UnlockedKey) {
        return `<${this.toString()}>`;
      },
    });
  }

  readonly purpose: KeyPurpose;
  readonly publicKey: Uint8Array;
  readonly #key: SigningKey;

  /** Overwrites the seed. */
  constructor(purpose: KeyPurpose, seed: Uint8Array) {
    this.purpose = purpose;
    this.#key = nodeCrypto.signingKey(seed);
    this.publicKey = this.#key.publicKey;
    seed.fill(0);
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#key.sign(message);
  }

  toString(): string {
    return `${this.purpose} key ${toHex(this.publicKey)}`;
  }

  toJSON(): { purpose: KeyPurpose; publicKey: string } {
    return { purpose: this.purpose, publicKey: toHex(this.publicKey) };
  }
}

export interface KeyPlace {
  readonly path: string;
  readonly purpose: KeyPurpose;
  readonly unlock: Unlock;
  readonly disk: Disk;
}

/**
 * Makes a key and seals it. With `force`, a key that is there already is kept under a new name: nothing is overwritten.
 * @throws SignerError `key_exists`.
 */
export async function createKeyFile(
  place: KeyPlace,
  by: { random: Random; force?: boolean },
): Promise<UnlockedKey> {
  const { path, purpose, disk } = place;
  if ((await disk.stat(path)) !== undefined) {
    if (by.force !== true)
      throw new SignerError(
        'key_exists',
        `${path} holds a key already: take another place (only 'root init' knows --force, which keeps the old key beside the new one)`,
      );
    await disk.writeAtomic(await freeName(disk, path), await disk.readFile(path));
  }
  const seed = by.random(SEED_BYTES);
  const file = await sealSeed(seed, { purpose, unlock: place.unlock, random: by.random });
  await disk.writeAtomic(path, format(file));
  return new UnlockedKey(purpose, seed);
}

/** @throws SignerError `file_missing`, `key_exposed`, `key_damaged`, `key_locked`. */
export async function openKeyFile(place: KeyPlace): Promise<UnlockedKey> {
  const { file, seed } = await openSeed(place);
  const key = new UnlockedKey(place.purpose, seed);
  if (!equalBytes(key.publicKey, fromHex(file.publicKey)))
    throw new SignerError(
      'key_damaged',
      `${place.path}: the sealed key does not belong to the public key beside it`,
    );
  return key;
}

/**
 * What opens an archive that was sealed to this key. The key itself is forgotten at once.
 * @throws SignerError as `openKeyFile`; ProtocolError `bad_key_exchange` where the archive is sealed to others, or its header was changed.
 */
export async function openArchiveKey(place: KeyPlace, header: ArchiveHeader): Promise<Uint8Array> {
  const { seed } = await openSeed(place);
  try {
    return openHeader(header, seed);
  } finally {
    seed.fill(0);
  }
}

async function openSeed({
  path,
  purpose,
  unlock,
  disk,
}: KeyPlace): Promise<{ file: KeyFile; seed: Uint8Array }> {
  const file = await readKeyFile(path, disk);
  if (file.purpose !== purpose)
    throw new SignerError(
      'key_damaged',
      `${path} holds the ${file.purpose} key, the ${purpose} key is expected`,
    );
  return { file, seed: await openBox(file, path, unlock) };
}

/** The public part alone. @throws SignerError `file_missing`, `key_exposed`, `key_damaged`. */
export async function readKeyFile(path: string, disk: Disk): Promise<KeyFile> {
  const bytes = await readPrivate(disk, path, 'the key file');
  const text = Buffer.from(bytes).toString('utf8');
  const file = parse(text, path);
  // One content has one form, so no byte of a file can change unseen.
  if (format(file) !== text) throw damaged(path);
  return file;
}

async function sealSeed(
  seed: Uint8Array,
  by: { purpose: KeyPurpose; unlock: Unlock; random: Random },
): Promise<KeyFile> {
  const { publicKey } = nodeCrypto.signingKey(seed);
  const kdf = by.unlock.parameters(by.random);
  const header = { version: VERSION, purpose: by.purpose, publicKey: toHex(publicKey), kdf };
  const nonce = by.random(nacl.secretbox.nonceLength);
  const key = await by.unlock.boxKey(kdf, context(header));
  const box = nacl.secretbox(seed, nonce, key);
  key.fill(0);
  return { ...header, nonce: toHex(nonce), box: toHex(box) };
}

async function openBox(file: KeyFile, path: string, unlock: Unlock): Promise<Uint8Array> {
  const { nonce, box, ...header } = file;
  const key = await unlock.boxKey(file.kdf, context(header));
  const seed = nacl.secretbox.open(fromHex(box), fromHex(nonce), key);
  key.fill(0);
  if (seed !== null) return seed;
  const given = unlock.kind === 'scrypt' ? 'passphrase' : 'unlocking key file';
  throw new SignerError(
    'key_locked',
    `${path} did not open: the ${given} is another one, or the file was changed`,
  );
}

/** The box key depends on every other field, so a changed one does not open. */
function context(header: Omit<KeyFile, 'nonce' | 'box'>): Uint8Array {
  return nodeCrypto.hash(utf8(`stoa/signer/key-file|${JSON.stringify(header)}`));
}

function format(file: KeyFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

function parse(text: string, path: string): KeyFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
  const { version, purpose, publicKey, kdf, nonce, box } = fieldsOf(value);
  if (version !== VERSION) throw damaged(path);
  if (!isPurpose(purpose)) throw damaged(path);
  const { name, salt, n, r, p } = fieldsOf(kdf);
  if (!(isHex(publicKey, 32) && isHex(nonce, 24) && isHex(box, 48) && isHex(salt, 32))) throw damaged(path);
  const header = { version, purpose, publicKey } as const;
  if (name === 'key-file') return { ...header, kdf: { name, salt }, nonce, box };
  if (name === 'scrypt' && isCost(n) && isCost(r) && isCost(p))
    return { ...header, kdf: { name, n, r, p, salt }, nonce, box };
  throw damaged(path);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isPurpose(value: unknown): value is KeyPurpose {
  return KEY_PURPOSES.some((purpose) => purpose === value);
}

function isHex(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value);
}

function isCost(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 2 ** 24;
}

function damaged(path: string, cause?: unknown): SignerError {
  return new SignerError(
    'key_damaged',
    `${path} is no intact key file of version ${VERSION}: restore it from its backup`,
    cause === undefined ? {} : { cause },
  );
}
