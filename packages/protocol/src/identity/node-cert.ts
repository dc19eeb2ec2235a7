import { bytes, type Decoded, fixed, record, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { open, type SignedKind } from '../signed.ts';
import { type ChainPolicy, verifyRegionCert } from './hub-chain.ts';
import { regionName } from './names.ts';

const nodeCertBody = record({
  /** Hash of the node's first public key: it outlives every rotation. */
  nodeId: fixed(32),
  publicKey: fixed(32),
  keyGeneration: u32,
  ownerGeneration: u32,
  tokenId: fixed(16),
  region: regionName,
  issuedAt: u64,
});
export type NodeCert = Decoded<typeof nodeCertBody>;

/** Signed by the region's `enrol` key, which lives in the signer. */
export const nodeCertKind: SignedKind<NodeCert> = {
  context: CONTEXT.nodeCert,
  body: nodeCertBody,
  title: 'node certificate',
};

/** A node certificate with what it takes to check it from the root alone. */
export const nodeCredential = record({ root: fixed(32), region: bytes(512), node: bytes(512) });
export type NodeCredential = Decoded<typeof nodeCredential>;

/** @throws ProtocolError as `verifyRegionCert` does, or `bad_signature`. */
export function verifyNodeCredential(
  credential: NodeCredential,
  policy: Omit<ChainPolicy, 'minInstanceSerial'>,
  crypto: Signatures,
): NodeCert {
  const { root, region: sealed, node } = credential;
  const region = verifyRegionCert({ sealed, root, role: 'enrol' }, policy, crypto);
  const cert = open(nodeCertKind, node, crypto, region.publicKey);
  if (cert.region !== region.region)
    throw new ProtocolError(
      'wrong_region',
      `node certificate names region '${cert.region}', its issuer '${region.region}'`,
    );
  return cert;
}
