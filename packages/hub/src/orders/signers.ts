import { equalBytes, type Order, toHex } from '@stoa/protocol';
import { HttpError } from '../http-error.ts';
import type { OwnerKeyStore } from '../owner-keys/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { AdminKeyStore } from './admin-key-store.ts';
import type { SignedAs } from './schema.ts';
import type { AdminPapers } from './store.ts';

export interface Signer {
  readonly signedAs: SignedAs;
  readonly email: string;
  readonly publicKey: Uint8Array;
  /** Of an admin. */
  readonly papers: AdminPapers | undefined;
  /** Until when nodes take this signer's word; undefined for an owner. */
  readonly notAfter: number | undefined;
}

/** Whose signature nodes take for whom: an owner's for the owner's own nodes, an admin's where the signer certified the key. */
export class Signers {
  readonly #ownerKeys: Pick<OwnerKeyStore, 'inForce'>;
  readonly #adminKeys: Pick<AdminKeyStore, 'of'>;
  readonly #ownersOf: (nodeIds: readonly string[]) => Promise<readonly string[]>;

  constructor(by: {
    ownerKeys: Pick<OwnerKeyStore, 'inForce'>;
    adminKeys: Pick<AdminKeyStore, 'of'>;
    ownersOf: (nodeIds: readonly string[]) => Promise<readonly string[]>;
  }) {
    this.#ownerKeys = by.ownerKeys;
    this.#adminKeys = by.adminKeys;
    this.#ownersOf = by.ownersOf;
  }

  /** Whether this key is the signer's still: one that was replaced orders nothing more, whatever a node has heard by then. */
  async isInForce({ signer, signerKey }: Pick<Order, 'signer' | 'signerKey'>): Promise<boolean> {
    const key = await this.#ownerKeys.inForce(signer);
    return key !== undefined && equalBytes(key.publicKey, signerKey);
  }

  /**
   * As whom this account signs for these nodes. Whether it may work on them at all is not asked here.
   * @throws {HttpError} `owner_key_missing`, `owner_must_sign`, `admin_key_uncertified`.
   */
  async of({ email, tier }: Pick<Viewer, 'email' | 'tier'>, nodeIds: readonly string[]): Promise<Signer> {
    const [key, owners] = await Promise.all([this.#ownerKeys.inForce(email), this.#ownersOf(nodeIds)]);
    if (key === undefined)
      throw new HttpError(409, 'owner_key_missing', `${email} has no key to sign with.`, {
        fix: 'Make one under Settings, Owner key, or with `stoa-hub key init`.',
      });
    const { publicKey } = key;
    if (owners.every((owner) => owner === email))
      return { signedAs: 'owner', email, publicKey, papers: undefined, notAfter: undefined };
    const certified = await this.#adminKeys.of(email);
    if (certified !== undefined && equalBytes(certified.publicKey, publicKey)) {
      const { papers, notAfter } = certified;
      return { signedAs: 'admin', email, publicKey, papers, notAfter };
    }
    if (isAtLeast({ tier }, 'ancient'))
      throw new HttpError(
        409,
        'admin_key_uncertified',
        `Nodes do not take orders of the key of ${email} yet.`,
        {
          fix: `On the signer's host: stoa-signer admin-key add --dir DIR --admin ${email} --public-key ${toHex(publicKey)}`,
        },
      );
    throw new HttpError(409, 'owner_must_sign', 'Some of these nodes have another owner.', {
      fix: 'Their owner signs for them: choose nodes of your own.',
    });
  }
}
