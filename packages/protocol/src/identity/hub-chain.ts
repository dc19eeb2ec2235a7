import { equalBytes } from '../bytes.ts';
import { bytes, type Decoded, fixed, oneOf, record, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { instantText } from '../instant.ts';
import { open, peek, type SignedKind } from '../signed.ts';
import { instanceName, regionName } from './names.ts';

/** What a region key may sign. `authority`: the region's time, refusals and directory. */
const regionRole = oneOf('instances', 'enrol', 'authority');
export type RegionRole = Decoded<typeof regionRole>;

const regionCertBody = record({
  serial: u32,
  region: regionName,
  role: regionRole,
  publicKey: fixed(32),
  /** Milliseconds since 1970, as all times of the protocol. */
  notAfter: u64,
});
export type RegionCert = Decoded<typeof regionCertBody>;

/** Signed by the offline root. */
export const regionCertKind: SignedKind<RegionCert> = {
  context: CONTEXT.regionCert,
  body: regionCertBody,
  title: 'region certificate',
};

const instanceCertBody = record({
  serial: u64,
  region: regionName,
  instance: instanceName,
  publicKey: fixed(32),
  notAfter: u64,
});
export type InstanceCert = Decoded<typeof instanceCertBody>;

/** Signed by the region's `instances` key; lives seven days at most. */
export const instanceCertKind: SignedKind<InstanceCert> = {
  context: CONTEXT.instanceCert,
  body: instanceCertBody,
  title: 'instance certificate',
};

/** What a hub instance shows of itself: offline root -> region's `instances` key -> instance key. */
export const hubChain = record({ root: fixed(32), region: bytes(512), instance: bytes(512) });
export type HubChain = Decoded<typeof hubChain>;

const regionTimeBody = record({
  region: regionName,
  at: u64,
  /** Instance certificates with a lower serial are void. */
  minInstanceSerial: u64,
});
export type RegionTime = Decoded<typeof regionTimeBody>;

/** Signed hourly by the region's `authority` key in the signer, out of any instance's reach. */
export const regionTimeKind: SignedKind<RegionTime> = {
  context: CONTEXT.time,
  body: regionTimeBody,
  title: 'region time',
};

/** What an agent demands of a chain. The local clock is never used (F21): `time` is the agent's time floor. */
export interface ChainPolicy {
  /** `hash(root public key)`, from the join token. */
  readonly rootFingerprint: Uint8Array;
  readonly region: string;
  readonly timeFloor: number;
  readonly minInstanceSerial: number;
}

export interface VerifiedHub {
  readonly instance: InstanceCert;
  readonly region: RegionCert;
}

/** @throws ProtocolError `wrong_root`, `wrong_region`, `bad_signature`, `certificate_expired`, `certificate_superseded`. */
export function verifyHubChain(chain: HubChain, policy: ChainPolicy, crypto: Signatures): VerifiedHub {
  const region = verifyRegionCert(
    { sealed: chain.region, root: chain.root, role: 'instances' },
    policy,
    crypto,
  );
  const instance = open(instanceCertKind, chain.instance, crypto, region.publicKey);
  if (instance.region !== region.region)
    throw new ProtocolError(
      'wrong_region',
      `instance certificate names region '${instance.region}', its issuer '${region.region}'`,
    );
  requireFresh('instance certificate', instance.notAfter, policy.timeFloor);
  if (instance.serial < policy.minInstanceSerial)
    throw new ProtocolError(
      'certificate_superseded',
      `instance certificate has serial ${instance.serial}; the region announced ${policy.minInstanceSerial} as its lowest`,
    );
  return { instance, region };
}

/** Checks a region certificate under the pinned root, for one role. */
export function verifyRegionCert(
  cert: { sealed: Uint8Array; root: Uint8Array; role: RegionRole },
  policy: Omit<ChainPolicy, 'minInstanceSerial'>,
  crypto: Signatures,
): RegionCert {
  if (!equalBytes(crypto.hash(cert.root), policy.rootFingerprint))
    throw new ProtocolError(
      'wrong_root',
      'this hub descends from another root key than the one that this node joined with',
    );
  const region = open(regionCertKind, cert.sealed, crypto, cert.root);
  if (region.role !== cert.role)
    throw new ProtocolError(
      'bad_signature',
      `region certificate is for '${region.role}', '${cert.role}' expected`,
    );
  if (region.region !== policy.region)
    throw new ProtocolError(
      'wrong_region',
      `this hub serves region '${region.region}'; the node belongs to '${policy.region}'`,
    );
  requireFresh('region certificate', region.notAfter, policy.timeFloor);
  return region;
}

export function peekInstanceCert(sealed: Uint8Array): InstanceCert {
  return peek(instanceCertKind, sealed);
}

function requireFresh(title: string, notAfter: number, floor: number): void {
  if (notAfter <= floor)
    throw new ProtocolError(
      'certificate_expired',
      `the ${title} ended at ${instantText(notAfter)}, before the proven time ${instantText(floor)}`,
    );
}
