import type { Signatures } from '../crypto/suite.ts';
import { type InstanceCert, verifyHubChain } from '../identity/hub-chain.ts';

const HOUR_MS = 3_600_000;

/** What a reader believes before it reads. */
export interface RegionTrust {
  /** The offline root's public key. */
  readonly root: Uint8Array;
  readonly region: string;
}

/** Certificates as they stand beside what an instance signed. */
export interface SignerChain {
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

/**
 * Who may have signed a document about an hour: certified when it began, also where that is long gone.
 * @throws ProtocolError as `verifyHubChain` does.
 */
export function instanceOfHour(
  { region, instance: sealed }: SignerChain,
  hubHour: number,
  trust: RegionTrust,
  crypto: Signatures,
): InstanceCert {
  const timeFloor = hubHour * HOUR_MS;
  const { instance } = verifyHubChain(
    { root: trust.root, region, instance: sealed },
    { rootFingerprint: crypto.hash(trust.root), region: trust.region, timeFloor, minInstanceSerial: 0 },
    crypto,
  );
  return instance;
}
