import type { Identity } from '@stoa/agent';
import {
  formatParams,
  type HubChain,
  instanceCertKind,
  type KindName,
  kindOf,
  merkleRoot,
  nodeCertKind,
  orderKind,
  type ParamValues,
  type RegionRole,
  regionCertKind,
  type SigningKey,
  seal,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';

const FAR = Date.UTC(2100, 0, 1);
const REGION = 'eu';
const seedOf = (name: string) => nodeCrypto.hash(new TextEncoder().encode(`lease world ${name}`));
const keyOf = (name: string): SigningKey => nodeCrypto.signingKey(seedOf(name));

/** The keys around one node, all from their names: its owner's and its hub's. */
export const root = keyOf('root');
export const owner = keyOf('owner');
const regionKeys = { instances: keyOf('instances'), enrol: keyOf('enrol') };

function regionCert(role: RegionRole & keyof typeof regionKeys): Uint8Array {
  const { publicKey } = regionKeys[role];
  return seal(regionCertKind, { serial: 1, region: REGION, role, publicKey, notAfter: FAR }, root);
}

export function partyOf(instance: string): { key: SigningKey; chain: HubChain } {
  const key = keyOf(instance);
  const cert = { serial: 1, region: REGION, instance, publicKey: key.publicKey, notAfter: FAR };
  return {
    key,
    chain: {
      root: root.publicKey,
      region: regionCert('instances'),
      instance: seal(instanceCertKind, cert, regionKeys.instances),
    },
  };
}

export function identityOf(name: string): Identity {
  const seed = seedOf(`node ${name}`);
  const { publicKey } = nodeCrypto.signingKey(seed);
  const cert = {
    nodeId: nodeCrypto.hash(publicKey),
    keyGeneration: 0,
    publicKey,
    ownerGeneration: 0,
    tokenId: new Uint8Array(16),
    region: REGION,
    issuedAt: 1,
  };
  return {
    seed,
    credential: {
      root: root.publicKey,
      region: regionCert('enrol'),
      node: seal(nodeCertKind, cert, regionKeys.enrol),
    },
    installId: seedOf(`install ${name}`).slice(0, 16),
    region: REGION,
    owner: 'owner@example.org',
    label: name,
    hubs: ['https://hub.example'],
  };
}

/** An order of the owner's for one node. */
export function orderFor(
  nodeId: Uint8Array,
  of: { kind: KindName; params: ParamValues; orderId: Uint8Array; now: number },
): Uint8Array {
  const { hash } = nodeCrypto;
  const params = formatParams(kindOf(of.kind).parameters, of.params);
  return seal(
    orderKind,
    {
      orderId: of.orderId,
      region: REGION,
      kind: of.kind,
      paramsHash: hash(new TextEncoder().encode(params)),
      nodes: merkleRoot([nodeId], hash),
      nodeCount: 1,
      maxAttempts: 3,
      signer: 'owner@example.org',
      signerKey: owner.publicKey,
      issuedAt: of.now,
      expiresAt: of.now + 6 * 24 * 3_600_000,
    },
    owner,
  );
}
