import {
  bytes,
  type Decoded,
  decode,
  decodeExact,
  encode,
  fixed,
  record,
  text,
  u8,
  u32,
  u64,
} from '../codec/codec.ts';
import { CONTEXT, signIn, verifyIn } from '../contexts.ts';
import type { CryptoSuite, SigningKey, Verify } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { nodeCredential } from '../identity/node-cert.ts';
import { binding } from './challenge.ts';

const helloBody = record({
  nodeId: fixed(32),
  /** Hash of the public key that signs this Hello: the current one, or a rotation's candidate. */
  keyId: fixed(32),
  credential: nodeCredential,
  /** A report for people and logs, never an input: the hub assigns epochs. */
  reportedEpoch: u64,
  /** Random at each start of the agent process: tells a live clone (A, B, A again) from a restart. */
  bootId: fixed(16),
  installId: fixed(16),
  ephA: fixed(32),
  /** Proves one of the last two ratchet secrets: a stale copy of the data directory cannot (F07). */
  ratchetProof: fixed(32),
  version: u8,
  capabilities: u32,
  agentVersion: text(32),
  binding,
});
export type Hello = Decoded<typeof helloBody>;

/** The envelope of a Hello: its body as signed. */
export const sealedHello = record({ body: bytes(3072), signature: fixed(64) });

export interface SealedHello {
  readonly hello: Hello;
  readonly sealed: Uint8Array;
  readonly transcript: Uint8Array;
}

export function makeHello(
  hello: Hello,
  transcript: Uint8Array,
  by: { key: SigningKey; crypto: CryptoSuite },
): SealedHello {
  const body = encode(helloBody, hello);
  const signature = signIn(CONTEXT.hello, by.key, by.crypto.hash(transcript, body));
  const sealed = encode(sealedHello, { body, signature });
  return { hello, sealed, transcript: by.crypto.hash(transcript, sealed) };
}

/** A Hello as read, its signature not yet checked: the hub must look up the node's key first. */
export interface UnverifiedHello extends SealedHello {
  /** @throws ProtocolError `bad_signature`. */
  verify(verify: Verify): void;
}

export function readHello(sealed: Uint8Array, transcript: Uint8Array, crypto: CryptoSuite): UnverifiedHello {
  const { body, signature } = decodeExact(sealedHello, sealed);
  return {
    hello: decode(helloBody, body),
    sealed,
    transcript: crypto.hash(transcript, sealed),
    verify(verify) {
      if (!verifyIn(CONTEXT.hello, verify, crypto.hash(transcript, body), signature))
        throw new ProtocolError(
          'bad_signature',
          'the Hello is not signed by the key of the node that it names',
        );
    },
  };
}
