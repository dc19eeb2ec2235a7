import { open, type RegionTime, regionTimeKind, verifyRegionCert, type Welcome } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';

export interface RegionTrust {
  /** The offline root's public key, as pinned at enrolment. */
  readonly root: Uint8Array;
  readonly rootFingerprint: Uint8Array;
  readonly region: string;
  readonly timeFloor: number;
}

/**
 * The region's signed time in a Welcome; undefined where the hub has none to show.
 * @throws ProtocolError where it is not signed by the region's `authority`.
 */
export function readRegionTime(
  welcome: Pick<Welcome, 'regionTime' | 'authority'>,
  trust: RegionTrust,
): RegionTime | undefined {
  if (welcome.regionTime.length === 0) return undefined;
  const authority = verifyRegionCert(
    { sealed: welcome.authority, root: trust.root, role: 'authority' },
    trust,
    nodeCrypto,
  );
  return open(regionTimeKind, welcome.regionTime, nodeCrypto, authority.publicKey);
}
