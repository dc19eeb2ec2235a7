import {
  equalBytes,
  fromBase64Url,
  fromHex,
  open,
  type RegionCert,
  type RegionRole,
  regionCertKind,
  toBase64Url,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { SignerError } from '#error.ts';

export const REGION_ROLES: readonly RegionRole[] = ['instances', 'enrol', 'authority'];

/** What the root signed for a region: one certificate per role, public throughout. */
export interface RegionCertificates {
  readonly region: string;
  readonly root: Uint8Array;
  readonly sealed: Readonly<Record<RegionRole, Uint8Array>>;
}

/** Public keys by role, raw. */
export type RegionPublicKeys = Readonly<Record<RegionRole, Uint8Array>>;

export function formatCertificates({ region, root, sealed }: RegionCertificates): string {
  const certificates = Object.fromEntries(REGION_ROLES.map((role) => [role, toBase64Url(sealed[role])]));
  return `${JSON.stringify({ version: 1, region, root: toHex(root), certificates }, undefined, 2)}\n`;
}

/** Reads the form only: `openCertificates` checks what it says. @throws SignerError `bad_certificate`. */
export function parseCertificates(text: string): RegionCertificates {
  try {
    const { version, region, root, certificates } = JSON.parse(text);
    if (version !== 1) throw new RangeError(`version is ${version}, 1 expected`);
    const sealed = Object.fromEntries(REGION_ROLES.map((role) => [role, fromBase64Url(certificates[role])]));
    return {
      region: String(region),
      root: fromHex(root),
      sealed: sealed as Record<RegionRole, Uint8Array>,
    };
  } catch (cause) {
    throw new SignerError(
      'bad_certificate',
      'this is no intact file of region certificates: take it again from where the root key is',
      { cause },
    );
  }
}

/**
 * Checks that the root certifies just these keys for this region. Ends of validity are told, never enforced here: an
 * expired certificate must not keep a signer from starting (F17).
 * @throws SignerError `bad_certificate`.
 */
export function openCertificates(
  certificates: RegionCertificates,
  expected: { region: string; keys: RegionPublicKeys },
): Record<RegionRole, RegionCert> {
  const opened = REGION_ROLES.map((role): [RegionRole, RegionCert] => {
    const cert = openOne(certificates, role);
    requireCert(cert.role === role, role, `it is for the role '${cert.role}'`);
    requireCert(
      cert.region === expected.region,
      role,
      `it is for region '${cert.region}', not '${expected.region}'`,
    );
    requireCert(
      equalBytes(cert.publicKey, expected.keys[role]),
      role,
      'it is for another public key than the one here',
    );
    return [role, cert];
  });
  return Object.fromEntries(opened) as Record<RegionRole, RegionCert>;
}

function openOne({ sealed, root }: RegionCertificates, role: RegionRole): RegionCert {
  try {
    return open(regionCertKind, sealed[role], nodeCrypto, root);
  } catch (cause) {
    throw new SignerError(
      'bad_certificate',
      `the ${role} certificate is not signed by the root ${toHex(root)}`,
      { cause },
    );
  }
}

function requireCert(holds: boolean, role: RegionRole, finding: string): void {
  if (!holds) throw new SignerError('bad_certificate', `the ${role} certificate does not fit: ${finding}`);
}
