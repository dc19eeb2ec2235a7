import { createHash, hkdfSync, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { BackupError } from './error.ts';

/** What opens a backup: words that a person knows, or the bytes of a file. */
export type SealSecret =
  | { readonly kind: 'scrypt'; readonly passphrase: string }
  | { readonly kind: 'key-file'; readonly bytes: Uint8Array };

export interface Derivation {
  readonly random: (bytes: number) => Uint8Array;
  /** Of scrypt; 128 MiB and about half a second unless said. */
  readonly cost?: { readonly n: number; readonly r: number; readonly p: number } | undefined;
}

const FORMAT = 'stoa-backup/1';
const USUAL_COST = { n: 2 ** 17, r: 8, p: 1 };
/** A head that asks for more memory than this is an attack, not a backup. */
const MOST_BYTES = 1024 * 1024 * 1024;
const KEY_BYTES = 32;
const LEAST_KEY_FILE = 32;
const LEAST_PASSPHRASE = 12;

const salt = z.string().regex(/^[0-9a-f]{64}$/);
const power = z
  .int()
  .positive()
  .max(2 ** 24);
const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  kdf: z.discriminatedUnion('name', [
    z.strictObject({ name: z.literal('scrypt'), n: power, r: power, p: power, salt }),
    z.strictObject({ name: z.literal('key-file'), salt }),
  ]),
});
type Head = z.infer<typeof headSchema>;

const stretch = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

/** @throws BackupError `weak_passphrase`. */
export async function derive(
  secret: SealSecret,
  { random, cost = USUAL_COST }: Derivation,
): Promise<{ head: string; key: Uint8Array }> {
  requireStrength(secret);
  const made = Buffer.from(random(32)).toString('hex');
  const kdf: Head['kdf'] =
    secret.kind === 'scrypt' ? { name: 'scrypt', ...cost, salt: made } : { name: 'key-file', salt: made };
  const head = JSON.stringify({ format: FORMAT, kdf } satisfies Head);
  return { head, key: await keyOf(head, kdf, secret) };
}

/** @throws BackupError `not_a_backup`, `backup_locked`. */
export async function parseHead(head: string, secret: SealSecret): Promise<{ key: Uint8Array }> {
  const read = headSchema.safeParse(jsonOf(head));
  if (!read.success || JSON.stringify(read.data) !== head)
    throw new BackupError('not_a_backup', `the file is no backup of the format ${FORMAT}`);
  const { kdf } = read.data;
  if (kdf.name !== secret.kind)
    throw new BackupError(
      'backup_locked',
      `the backup was sealed with a ${kdf.name === 'scrypt' ? 'passphrase' : 'key file'}: give that`,
    );
  return { key: await keyOf(head, kdf, secret) };
}

function requireStrength(secret: SealSecret): void {
  if (secret.kind === 'scrypt' && secret.passphrase.length < LEAST_PASSPHRASE)
    throw new BackupError(
      'weak_passphrase',
      `the passphrase has ${secret.passphrase.length} characters; ${LEAST_PASSPHRASE} at least are expected`,
    );
  if (secret.kind === 'key-file' && secret.bytes.length < LEAST_KEY_FILE)
    throw new BackupError(
      'weak_passphrase',
      `the key file has ${secret.bytes.length} bytes; ${LEAST_KEY_FILE} at least are expected (head -c 32 /dev/urandom > FILE)`,
    );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by the caller: what isn't JSON is no head.
    return undefined;
  }
}

/** The head goes into the key, so a changed one opens nothing. */
async function keyOf(head: string, kdf: Head['kdf'], secret: SealSecret): Promise<Uint8Array> {
  const input = await inputOf(kdf, secret);
  const info = createHash('sha256').update(head).digest();
  return new Uint8Array(hkdfSync('sha256', input, Buffer.from(kdf.salt, 'hex'), info, KEY_BYTES));
}

async function inputOf(kdf: Head['kdf'], secret: SealSecret): Promise<Uint8Array> {
  if (secret.kind === 'key-file') return secret.bytes;
  if (kdf.name !== 'scrypt') throw new RangeError('a passphrase needs scrypt');
  const { n, r, p } = kdf;
  const bytes = 128 * n * r * p;
  if (bytes > MOST_BYTES || (n & (n - 1)) !== 0 || n < 2)
    throw new BackupError('not_a_backup', `the file asks for scrypt with n=${n}, r=${r}, p=${p}`);
  const options = { N: n, r, p, maxmem: 2 * bytes + 1024 * 1024 };
  return stretch(secret.passphrase.normalize('NFC'), Buffer.from(kdf.salt, 'hex'), KEY_BYTES, options);
}
