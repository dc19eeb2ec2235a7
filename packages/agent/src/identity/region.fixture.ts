import {
  type HubChain,
  type InstanceCert,
  instanceCertKind,
  type NodeCredential,
  nodeCertKind,
  type RegionRole,
  refuseKind,
  regionCertKind,
  regionTimeKind,
  revokeKind,
  type SigningKey,
  seal,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Identity } from '#identity/identity.ts';

const FAR = Date.UTC(2100, 0, 1);

function seedOf(name: string): Uint8Array {
  return nodeCrypto.hash(new TextEncoder().encode(`fixture ${name}`));
}

export interface RegionFixture {
  readonly name: string;
  readonly root: SigningKey;
  readonly rootFingerprint: Uint8Array;
  readonly hubKey: SigningKey;
  readonly keys: Readonly<Record<RegionRole, SigningKey>>;
  cert(role: RegionRole, notAfter?: number): Uint8Array;
  chain(instance?: Partial<InstanceCert>): HubChain;
  time(at: number, minInstanceSerial?: number): { regionTime: Uint8Array; authority: Uint8Array };
  refuse(nodeId: Uint8Array, at: number, by?: SigningKey): { sealed: Uint8Array; authority: Uint8Array };
  revoke(nodeId: Uint8Array, by?: SigningKey): { sealed: Uint8Array; authority: Uint8Array };
  credential(publicKey: Uint8Array, of?: { nodeId: Uint8Array; keyGeneration: number }): NodeCredential;
  identity(name: string, hub: string): Identity;
}

/** A whole region's keys and certificates, all from its name: two with one name are the same. */
export function makeRegion(name = 'eu', rootName: string = name): RegionFixture {
  const root = nodeCrypto.signingKey(seedOf(`${rootName} root`));
  const key = (role: string) => nodeCrypto.signingKey(seedOf(`${rootName} ${name} ${role}`));
  const keys = { instances: key('instances'), enrol: key('enrol'), authority: key('authority') };
  const hubKey = key('hub');
  const cert = (role: RegionRole, notAfter = FAR): Uint8Array =>
    seal(regionCertKind, { serial: 1, region: name, role, publicKey: keys[role].publicKey, notAfter }, root);
  return {
    name,
    root,
    rootFingerprint: nodeCrypto.hash(root.publicKey),
    hubKey,
    keys,
    cert,
    chain: (instance = {}) => ({
      root: root.publicKey,
      region: cert('instances'),
      instance: seal(
        instanceCertKind,
        {
          serial: 1,
          region: name,
          instance: 'hub-1',
          publicKey: hubKey.publicKey,
          notAfter: FAR,
          ...instance,
        },
        keys.instances,
      ),
    }),
    time: (at, minInstanceSerial = 0) => ({
      regionTime: seal(regionTimeKind, { region: name, at, minInstanceSerial }, keys.authority),
      authority: cert('authority'),
    }),
    refuse: (nodeId, at, by = keys.authority) => ({
      sealed: seal(refuseKind, { nodeId, region: name, reason: 'refused by its owner', at }, by),
      authority: cert('authority'),
    }),
    revoke: (nodeId, by = root) => ({
      sealed: seal(revokeKind, { serial: 7, at: 1, nodeIds: [nodeId] }, by),
      authority: new Uint8Array(),
    }),
    credential: (publicKey, of = { nodeId: nodeCrypto.hash(publicKey), keyGeneration: 0 }) => ({
      root: root.publicKey,
      region: cert('enrol'),
      node: seal(
        nodeCertKind,
        { ...of, publicKey, ownerGeneration: 0, tokenId: new Uint8Array(16), region: name, issuedAt: 1 },
        keys.enrol,
      ),
    }),
    identity(nodeName, hub) {
      const seed = seedOf(`${name} node ${nodeName}`);
      return {
        seed,
        credential: this.credential(nodeCrypto.signingKey(seed).publicKey),
        installId: seedOf(`install ${nodeName}`).slice(0, 16),
        region: name,
        owner: 'owner@example.org',
        label: nodeName,
        hubs: [hub],
      };
    },
  };
}

/** A stream of bytes from a seed: no secret, but every run draws the same. */
export function seededRandom(seed: string): (count: number) => Uint8Array {
  let counter = 0;
  return (count) => {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 32) {
      counter += 1;
      bytes.set(seedOf(`${seed} ${counter}`).subarray(0, count - at), at);
    }
    return bytes;
  };
}
