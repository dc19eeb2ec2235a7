import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat, equalBytes, utf8 } from '../bytes.ts';
import { type Decoded, decodeExact, encode, fixed, list, record, text, u32 } from '../codec/codec.ts';
import { nodeCrypto } from '../crypto/node.ts';
import type { Random } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { exchangePublicKey, exchangeSecret } from './exchange-key.ts';

const MAGIC: Uint8Array = utf8('stoa-archive-1\n');
const LENGTH_BYTES = 2;
const MAX_RECIPIENTS = 8;
const WRAP_INFO: Uint8Array = utf8('stoa/v1/archive-key');
/** Each key wraps one content key, so its nonce never repeats. */
const WRAP_NONCE = new Uint8Array(12);

const headerCodec = record({
  /** What it holds, as whoever made it names it: the same snapshot gives the same plain bytes. */
  snapshot: text(64),
  node: fixed(32),
  /** Of plain bytes in each piece but the last. */
  pieceBytes: u32,
  /** Ed25519 keys whose holders can open it. */
  recipients: list(record({ key: fixed(32), ephemeral: fixed(32), wrapped: fixed(48) }), MAX_RECIPIENTS),
});

/** The clear part in front of an archive: who can open it, and nothing of what is in it. */
export type ArchiveHeader = Decoded<typeof headerCodec>;

/** Wraps the content key for each recipient by X25519, under an ephemeral key of its own. */
export function sealHeader(by: {
  contentKey: Uint8Array;
  recipients: readonly Uint8Array[];
  snapshot: string;
  node: Uint8Array;
  pieceBytes: number;
  random: Random;
}): ArchiveHeader {
  const { contentKey, snapshot, node, pieceBytes, random } = by;
  const recipients = by.recipients.map((key) => {
    const ephemeral = nodeCrypto.exchangeKey(random(32));
    const wrap = wrapKey(ephemeral.shared(exchangePublicKey(key)), ephemeral.publicKey, key);
    const cipher = createCipheriv('aes-256-gcm', wrap, WRAP_NONCE);
    const wrapped = concat(cipher.update(contentKey), cipher.final(), cipher.getAuthTag());
    return { key, ephemeral: ephemeral.publicKey, wrapped };
  });
  return { snapshot, node, pieceBytes, recipients };
}

/**
 * The content key, by the seed of one recipient's Ed25519 key.
 * @throws ProtocolError `bad_key_exchange` where that key is no recipient, or the header was changed.
 */
export function openHeader(header: ArchiveHeader, seed: Uint8Array): Uint8Array {
  const own = nodeCrypto.signingKey(seed).publicKey;
  const recipient = header.recipients.find(({ key }) => equalBytes(key, own));
  if (recipient === undefined)
    throw new ProtocolError('bad_key_exchange', 'this archive is not sealed to the key that was given');
  const shared = nodeCrypto.exchangeKey(exchangeSecret(seed)).shared(recipient.ephemeral);
  const decipher = createDecipheriv('aes-256-gcm', wrapKey(shared, recipient.ephemeral, own), WRAP_NONCE);
  decipher.setAuthTag(recipient.wrapped.subarray(32));
  try {
    return new Uint8Array(concat(decipher.update(recipient.wrapped.subarray(0, 32)), decipher.final()));
  } catch (cause) {
    throw new ProtocolError('bad_key_exchange', 'the key in the header of the archive is damaged', { cause });
  }
}

function wrapKey(shared: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
  return nodeCrypto.hkdf(shared, concat(ephemeral, recipient), WRAP_INFO, 32);
}

export function formatHeader(header: ArchiveHeader): Uint8Array {
  const body = encode(headerCodec, header);
  return concat(MAGIC, Uint8Array.of(body.length >> 8, body.length & 0xff), body);
}

/** Bytes that must be read before the header's own length is known. */
export const HEADER_PREFIX_BYTES: number = MAGIC.length + LENGTH_BYTES;

/** @param prefix the first `HEADER_PREFIX_BYTES`. @returns the length of the whole header. @throws ProtocolError `malformed` */
export function headerLength(prefix: Uint8Array): number {
  if (prefix.length < HEADER_PREFIX_BYTES || !equalBytes(prefix.subarray(0, MAGIC.length), MAGIC))
    throw new ProtocolError('malformed', 'this is no sealed archive');
  return HEADER_PREFIX_BYTES + prefix[MAGIC.length]! * 256 + prefix[MAGIC.length + 1]!;
}

/** @throws ProtocolError `malformed` */
export function parseHeader(bytes: Uint8Array): ArchiveHeader {
  return decodeExact(headerCodec, bytes.subarray(HEADER_PREFIX_BYTES, headerLength(bytes)));
}
