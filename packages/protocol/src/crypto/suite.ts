/** `count` bytes from a cryptographically secure source; the simulated world passes a seeded one. */
export type Random = (count: number) => Uint8Array;

export interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export type Verify = (message: Uint8Array, signature: Uint8Array) => boolean;

/** What both implementations offer, with identical results for every input. */
export interface Signatures {
  /** SHA-512 cut to 32 bytes: ids, fingerprints, transcripts, evidence. Both implementations have it natively. */
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  /** @param seed 32 bytes. */
  signingKey(seed: Uint8Array): SigningKey;
  /** Strict: refuses S >= L, and public keys or R that are small-order or not canonical (see `strict.ts`). Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The same check with the key prepared once, for a peer that signs often. */
  verifier(publicKey: Uint8Array): Verify;
}

export interface ExchangeKey {
  readonly publicKey: Uint8Array;
  /** @throws ProtocolError `bad_key_exchange` where the shared secret is all zero (a small-order peer key). */
  shared(peer: Uint8Array): Uint8Array;
}

/** HMAC-SHA256 cut to 16 bytes, over the first `length` bytes of a message (all of it by default). */
export type Mac = (message: Uint8Array, length?: number) => Uint8Array;

/** What a session needs besides: Node only. */
export interface CryptoSuite extends Signatures {
  /** @param secret 32 bytes. */
  exchangeKey(secret: Uint8Array): ExchangeKey;
  hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** @param key 32 bytes. @throws RangeError for another length, or for a message past `LIMITS.frameBytes`. */
  mac(key: Uint8Array): Mac;
}
