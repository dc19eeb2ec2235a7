import { type Decoded, encode, fixed, optional, record, text, u32 } from '../codec/codec.ts';
import { CONTEXT, signIn, verifyIn } from '../contexts.ts';
import { isStrongPublicKey } from '../crypto/strict.ts';
import type { Signatures, SigningKey } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { ownerName, regionName } from './names.ts';
import { nodeCredential } from './node-cert.ts';

/** What the agent tells of its host at enrolment; for people, trusted for nothing. */
const facts = record({
  hostname: text(253),
  platform: text(64),
  agentVersion: text(32),
  chainwebVersion: text(32),
});

const claim = record({ tokenId: fixed(16), tokenSecret: fixed(32), publicKey: fixed(32), facts });

/** Sent by POST /agent/v1/enrol, after the hub proved its root in a Challenge (transport `enrol`). */
export const enrolRequest = record({ claim, proof: fixed(64) });
export type EnrolRequest = Decoded<typeof enrolRequest>;
export type EnrolClaim = Decoded<typeof claim>;

/** An owner's Ed25519 key; `serial` counts the owner's keys from 1. */
const ownerKey = record({ publicKey: fixed(32), serial: u32 });
export type OwnerKey = Decoded<typeof ownerKey>;

export const enrolReply = record({
  credential: nodeCredential,
  region: regionName,
  owner: ownerName,
  label: text(64),
  /** The owner's key in force, which the node pins; none where the owner has not made one yet. */
  ownerKey: optional(ownerKey),
});
export type EnrolReply = Decoded<typeof enrolReply>;

function proven(claimed: EnrolClaim, transcript: Uint8Array, crypto: Signatures): Uint8Array {
  return crypto.hash(transcript, encode(claim, claimed));
}

/** Proof of possession of the node key, bound to this very exchange with this very hub. */
export function makeEnrolRequest(
  claimed: EnrolClaim,
  transcript: Uint8Array,
  by: { key: SigningKey; crypto: Signatures },
): EnrolRequest {
  return { claim: claimed, proof: signIn(CONTEXT.enrol, by.key, proven(claimed, transcript, by.crypto)) };
}

/** @throws ProtocolError `bad_public_key` (weak key) or `bad_signature`. */
export function verifyEnrolRequest(request: EnrolRequest, transcript: Uint8Array, crypto: Signatures): void {
  const { publicKey } = request.claim;
  if (!isStrongPublicKey(publicKey))
    throw new ProtocolError('bad_public_key', 'the key that the enrolment brings is weak or not canonical');
  const message = proven(request.claim, transcript, crypto);
  if (!verifyIn(CONTEXT.enrol, crypto.verifier(publicKey), message, request.proof))
    throw new ProtocolError('bad_signature', 'the enrolment is not signed by the key that it brings');
}
