import { type Decoded, fixed, list, record, text, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';
import { regionName } from './names.ts';

const refuseBody = record({ nodeId: fixed(32), region: regionName, reason: text(255), at: u64 });
export type Refuse = Decoded<typeof refuseBody>;

/** Region-signed (`authority`): no session, no pay, back-off of an hour. Reversible; the identity stays on disk. */
export const refuseKind: SignedKind<Refuse> = { context: CONTEXT.refuse, body: refuseBody, title: 'refusal' };

const revokeBody = record({ serial: u32, at: u64, nodeIds: list(fixed(32), 60) });
export type Revoke = Decoded<typeof revokeBody>;

/** Root-signed: the only message in the protocol that makes an agent wipe its identity (F05). */
export const revokeKind: SignedKind<Revoke> = {
  context: CONTEXT.revoke,
  body: revokeBody,
  title: 'revocation',
};

const rotationBody = record({ nodeId: fixed(32), newPublicKey: fixed(32), keyGeneration: u32, at: u64 });
export type Rotation = Decoded<typeof rotationBody>;

/** Signed by the old node key; the new key signs the sealed bytes besides. */
export const rotationKind: SignedKind<Rotation> = {
  context: CONTEXT.rotate,
  body: rotationBody,
  title: 'key rotation',
};
