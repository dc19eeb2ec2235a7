import {
  adminKeyKind,
  CONTEXT,
  type Codec,
  equalBytes,
  fixed,
  fromHex,
  isStrongPublicKey,
  LIMITS,
  oneOf,
  open,
  optional,
  ownerName,
  record,
  type SignedKind,
  seal,
  toHex,
  u64,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Authority, Decision, Office } from '#authority/decision.ts';
import { SignerError } from '#error.ts';
import { requireQuota } from '#policy.ts';

const MAX_ADMINS = 64;

/**
 * Whose orders the region's nodes shall take: signed by the region's `instances` key, so a hub that was taken over can
 * have no key of its choice certified, whoever it says is an admin.
 */
export interface AdminKeyOrder {
  order: 'add' | 'remove';
  /** E-mail. */
  admin: string;
  /** With `add`. */
  publicKey: Uint8Array | undefined;
  /** Not before the last order for this admin: an old order does nothing. */
  at: number;
}

const adminKeyOrderBody: Codec<AdminKeyOrder> = record({
  order: oneOf('add', 'remove'),
  admin: ownerName,
  publicKey: optional(fixed(32)),
  at: u64,
});

export const adminKeyOrderKind: SignedKind<AdminKeyOrder> = {
  context: CONTEXT.adminKeyOrder,
  body: adminKeyOrderBody,
  title: "order about an admin's key",
};

export interface CertifiedAdmin {
  /** Sealed AdminKey. */
  key: Uint8Array;
  /** The `authority` key's sealed RegionCert. */
  authority: Uint8Array;
}

/** @throws SignerError `bad_proof`, `bad_request` (an old order), `bad_public_key`, `admin_key_taken`, `admin_key_not_listed`. */
export function obeyAdminKeyOrder(sealed: Uint8Array, office: Office): Decision<object> {
  const order = openOrder(sealed, office.keys.instances.publicKey);
  const { admin, at: orderedAt } = order;
  const { state } = office;
  const held = state.adminKeys.get(admin);
  const publicKey = order.order === 'add' ? addedKey(order) : undefined;
  if (publicKey !== undefined && held?.publicKey === publicKey) return { answer: {} };
  if (orderedAt < (state.adminOrders.get(admin) ?? 0))
    throw new SignerError(
      'bad_request',
      `the order for ${admin} is older than the last one obeyed: give it again`,
    );
  if (publicKey === undefined) {
    if (held === undefined)
      throw new SignerError('admin_key_not_listed', `no key of ${admin} is listed: nothing to remove`);
    return { act: { kind: 'admin-key-removed', admin, orderedAt }, answer: {} };
  }
  if (held !== undefined)
    throw new SignerError('admin_key_taken', `another key of ${admin} is listed: remove it first`);
  if (state.adminKeys.size >= MAX_ADMINS)
    throw new SignerError('bad_request', `${MAX_ADMINS} admins are listed: remove those that are gone`);
  return { act: { kind: 'admin-key-added', admin, publicKey, orderedAt }, answer: {} };
}

function addedKey({ admin, publicKey }: AdminKeyOrder): string {
  if (admin === '' || publicKey === undefined)
    throw new SignerError('bad_request', "the order to list an admin's key brings no name or no key");
  if (!isStrongPublicKey(publicKey))
    throw new SignerError('bad_public_key', `the key of ${admin} is weak or not one of Ed25519`);
  return toHex(publicKey);
}

/** Thirty days for a listed key, and for no other. @throws SignerError `admin_key_not_listed`, `quota_exceeded`. */
export function certifyAdmin(
  { admin, publicKey }: { admin: string; publicKey: Uint8Array },
  authority: Authority,
): Decision<CertifiedAdmin> {
  const { state, policy, now, region, keys, certificates } = authority;
  const listed = state.adminKeys.get(admin);
  if (listed === undefined || !equalBytes(fromHex(listed.publicKey), publicKey))
    throw new SignerError(
      'admin_key_not_listed',
      `${listed === undefined ? 'no key' : 'another key'} of ${admin} is listed: on the signer's host, 'stoa-signer admin-key add --admin ${admin} --public-key ${toHex(publicKey)}'`,
    );
  requireQuota(
    { what: `certificates for ${admin}`, limit: policy.adminCertsPerDay, window: listed.certified },
    now,
  );
  const notAfter = now + LIMITS.adminKeyMs;
  return {
    act: { kind: 'admin-key-certified', admin, publicKey: listed.publicKey, notAfter },
    answer: {
      key: seal(adminKeyKind, { region, admin, publicKey, notAfter }, keys.authority),
      authority: certificates.sealed.authority,
    },
  };
}

function openOrder(sealed: Uint8Array, publicKey: Uint8Array): AdminKeyOrder {
  try {
    return open(adminKeyOrderKind, sealed, nodeCrypto, publicKey);
  } catch (cause) {
    throw new SignerError('bad_proof', "the order is not signed by this region's instances key", { cause });
  }
}
