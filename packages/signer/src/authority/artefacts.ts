import {
  bytes,
  CONTEXT,
  type Codec,
  MAX_MANIFEST_BYTES,
  open,
  ProtocolError,
  parseManifest,
  record,
  type SignedKind,
  signManifest,
  toHex,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Authority, Decision } from '#authority/decision.ts';
import { SignerError } from '#error.ts';

/**
 * What an admin orders, signed by the region's `instances` key: it takes the opening of that key, so a hub that was taken
 * over gets nothing signed that nodes would run.
 */
export interface ArtefactOrder {
  manifest: Uint8Array;
  at: number;
}

const artefactOrderBody: Codec<ArtefactOrder> = record({ manifest: bytes(MAX_MANIFEST_BYTES), at: u64 });

export const artefactOrderKind: SignedKind<ArtefactOrder> = {
  context: CONTEXT.artefactOrder,
  body: artefactOrderBody,
  title: 'order to sign artefacts',
};

export interface AttestedArtefacts {
  signature: Uint8Array;
  /** The `authority` key's sealed RegionCert. */
  certificate: Uint8Array;
  root: Uint8Array;
}

/** The same manifest again gets the same signature. @throws SignerError `bad_proof`, `bad_request`. */
export function attestArtefacts(sealed: Uint8Array, authority: Authority): Decision<AttestedArtefacts> {
  const { keys, certificates } = authority;
  const { manifest } = openOrder(sealed, keys.instances.publicKey);
  return {
    act: {
      kind: 'artefacts-signed',
      version: versionOf(manifest),
      manifest: toHex(nodeCrypto.hash(manifest)),
    },
    answer: {
      signature: signManifest(manifest, keys.authority),
      certificate: certificates.sealed.authority,
      root: certificates.root,
    },
  };
}

function openOrder(sealed: Uint8Array, publicKey: Uint8Array): ArtefactOrder {
  try {
    return open(artefactOrderKind, sealed, nodeCrypto, publicKey);
  } catch (cause) {
    throw new SignerError('bad_proof', "the order is not signed by this region's instances key", { cause });
  }
}

function versionOf(manifest: Uint8Array): string {
  try {
    return parseManifest(manifest).version;
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new SignerError('bad_request', `nothing is signed: ${cause.message}`, { cause });
  }
}
