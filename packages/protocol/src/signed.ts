import { bytes, type Codec, decode, decodeExact, encode, fixed, record } from './codec/codec.ts';
import { type Context, signIn, verifyIn } from './contexts.ts';
import type { Signatures, SigningKey } from './crypto/suite.ts';
import { ProtocolError } from './errors.ts';

const MAX_BODY = 2048;
/** How every sealed document looks. */
export const envelope = record({ body: bytes(MAX_BODY), signature: fixed(64) });

/** A kind of signed document: its context and the codec of its body. The body is kept and checked as received. */
export interface SignedKind<T> {
  readonly context: Context;
  readonly body: Codec<T>;
  /** Names the document in errors: "node certificate". */
  readonly title: string;
  /** A newer version may append fields: they are signed too, and an older reader leaves them unread. */
  readonly grows?: true;
}

export function seal<T>(kind: SignedKind<T>, value: T, key: SigningKey): Uint8Array {
  const body = encode(kind.body, value);
  return encode(envelope, { body, signature: signIn(kind.context, key, body) });
}

/** @throws ProtocolError `bad_signature` or `malformed`; nothing of the body is read before its signature holds. */
export function open<T>(
  kind: SignedKind<T>,
  sealed: Uint8Array,
  crypto: Signatures,
  publicKey: Uint8Array,
): T {
  const { body, signature } = decodeExact(envelope, sealed);
  if (!verifyIn(kind.context, crypto.verifier(publicKey), body, signature))
    throw new ProtocolError(
      'bad_signature',
      `the signature of the ${kind.title} does not hold under its issuer's key`,
    );
  return bodyOf(kind, body);
}

/** Reads a sealed document whose signature somebody else checks or checked: for display, or to find the issuer. */
export function peek<T>(kind: SignedKind<T>, sealed: Uint8Array): T {
  return bodyOf(kind, decodeExact(envelope, sealed).body);
}

function bodyOf<T>(kind: SignedKind<T>, body: Uint8Array): T {
  return kind.grows ? decode(kind.body, body) : decodeExact(kind.body, body);
}
