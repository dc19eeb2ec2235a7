import { concat, utf8 } from '../bytes.ts';
import {
  bytes,
  type Decoded,
  decode,
  decodeExact,
  encode,
  fixed,
  oneOf,
  record,
  text,
  u8,
  u32,
  u64,
} from '../codec/codec.ts';
import { CONTEXT, signIn, verifyIn } from '../contexts.ts';
import type { Signatures, SigningKey } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { type ChainPolicy, hubChain, type VerifiedHub, verifyHubChain } from '../identity/hub-chain.ts';
import { SUBPROTOCOL } from '../version.ts';

/** One session has one transport, whose name is in every signature and in the key derivation. */
export type Transport = 'websocket' | 'long-poll' | 'enrol';

/** Fixed by region policy: `exporter` (RFC 9266, the hub ends TLS itself) or `terminator` for one host name. */
export const binding = record({ mode: oneOf('exporter', 'terminator'), value: text(255) });
export type Binding = Decoded<typeof binding>;

const challengeBody = record({
  chain: hubChain,
  nonceH: fixed(32),
  hubTime: u64,
  ephH: fixed(32),
  binding,
  minVersion: u8,
  maxVersion: u8,
  /** Bit set of features that must not be ignored. */
  capabilities: u32,
});
export type Challenge = Decoded<typeof challengeBody>;

const sealedChallenge = record({ body: bytes(2048), signature: fixed(64) });

/** What both sides know when the hub speaks first. */
export interface Opening {
  /** 32 bytes. */
  readonly nonceA: Uint8Array;
  readonly transport: Transport;
}

export interface SealedChallenge {
  readonly challenge: Challenge;
  readonly sealed: Uint8Array;
  /** Hash of everything said so far, signature included. */
  readonly transcript: Uint8Array;
}

const NONCE_BYTES = 32;

/**
 * Of fixed length for each transport. The agent chooses the nonce freely: one of another length could hold the front of
 * a challenge of its own, ephemeral key included, and the hub would sign that.
 */
function context(opening: Opening): Uint8Array {
  if (opening.nonceA.length !== NONCE_BYTES)
    throw new ProtocolError(
      'malformed',
      `the opening nonce has ${opening.nonceA.length} bytes (expected ${NONCE_BYTES})`,
    );
  return concat(opening.nonceA, utf8(`${SUBPROTOCOL}|${opening.transport}|`));
}

/** @throws ProtocolError `malformed` for a nonce of another length. */
export function makeChallenge(
  challenge: Challenge,
  opening: Opening,
  by: { key: SigningKey; crypto: Signatures },
): SealedChallenge {
  const body = encode(challengeBody, challenge);
  const opened = context(opening);
  const signature = signIn(CONTEXT.challenge, by.key, concat(opened, body));
  const sealed = encode(sealedChallenge, { body, signature });
  return { challenge, sealed, transcript: by.crypto.hash(opened, sealed) };
}

/**
 * The agent's check of the hub: chain to the pinned root, then the signature over every byte of context.
 * @throws ProtocolError as `verifyHubChain` does, `bad_signature`, `malformed`.
 */
export function openChallenge(
  sealed: Uint8Array,
  opening: Opening,
  by: { policy: ChainPolicy; crypto: Signatures },
): SealedChallenge & { hub: VerifiedHub } {
  const opened = context(opening);
  const { body, signature } = decodeExact(sealedChallenge, sealed);
  const challenge = decode(challengeBody, body);
  const hub = verifyHubChain(challenge.chain, by.policy, by.crypto);
  const verify = by.crypto.verifier(hub.instance.publicKey);
  if (!verifyIn(CONTEXT.challenge, verify, concat(opened, body), signature))
    throw new ProtocolError('bad_signature', 'the challenge is not signed by the instance key that it shows');
  return { challenge, sealed, transcript: by.crypto.hash(opened, sealed), hub };
}
