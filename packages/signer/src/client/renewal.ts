import { type InstanceCert, LIMITS } from '@stoa/protocol';

/**
 * Whether an instance should ask for a new certificate: a third of its seven days are over, or the region has voided
 * its serial (an instance was retired). Renew before passing on a region time that voids the own serial.
 */
export function renewalDue(
  { notAfter, serial }: Pick<InstanceCert, 'notAfter' | 'serial'>,
  now: number,
  minInstanceSerial = 0,
): boolean {
  return serial < minInstanceSerial || notAfter - now <= (LIMITS.instanceCertMs * 2) / 3;
}
