import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { type InstanceCert, verifyHubChain } from '../identity/hub-chain.ts';

const HOUR_MS = 3_600_000;
/**
 * A certificate says only when it ends, a week at most after it was made. An hour is settled within six days: who signs about
 * it by a certificate that ends later than this has done so more than a week after the hour.
 */
const LATEST_END_MS: number = 14 * 24 * HOUR_MS;

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
 * Who may have signed a document about an hour: certified when it began, also where that is long gone, and not much later. So
 * a key that is stolen signs about the two weeks before its certificate's end, and about no hour of long ago.
 * @throws ProtocolError `signed_late`, and as `verifyHubChain` does.
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
  if (instance.notAfter > timeFloor + HOUR_MS + LATEST_END_MS)
    throw new ProtocolError(
      'signed_late',
      `signed about ${new Date(timeFloor).toISOString()} by an instance whose certificate ends at ${new Date(instance.notAfter).toISOString()}: two weeks after the hour at most expected`,
    );
  return instance;
}
