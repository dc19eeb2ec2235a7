import {
  type CryptoSuite,
  fromBase64Url,
  fromHex,
  isStrongPublicKey,
  type OwnerKeyChange,
  ProtocolError,
  toHex,
  verifyOwnerKeyChange,
} from '@stoa/protocol';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import type { MadeIn } from './schema.ts';
import type { OwnerKey, OwnerKeyStore } from './store.ts';

export interface OwnerKeysDeps {
  readonly store: OwnerKeyStore;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly region: string;
  /** Told once the next key is in force. */
  readonly changed: (owner: string) => void;
  readonly crypto: Pick<CryptoSuite, 'hash' | 'signingKey' | 'verify' | 'verifier'>;
}

/**
 * The key with which an owner answers for what a hub may not decide alone. The hub knows its public half; nodes pin it
 * when they join. Only the key itself can name its successor.
 */
export class OwnerKeys {
  readonly #deps: OwnerKeysDeps;

  constructor(deps: OwnerKeysDeps) {
    this.#deps = deps;
  }

  get region(): string {
    return this.#deps.region;
  }

  /** The newest first; the first one is in force. */
  history(viewer: Viewer): Promise<OwnerKey[]> {
    return this.#deps.store.history(viewer.email);
  }

  /** Hex, as nodes print it. */
  fingerprintOf(publicKey: Uint8Array): string {
    return toHex(this.#deps.crypto.hash(publicKey));
  }

  /** An owner's first key. @param publicKey 64 hex digits. @throws {HttpError} `confirm_first`, `bad_owner_key`, `owner_key_set`. */
  async first(viewer: Viewer, { publicKey, madeIn }: { publicKey: string; madeIn: MadeIn }): Promise<void> {
    const { store, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const key = fromHex(publicKey);
    if (!isStrongPublicKey(key))
      throw badKey(
        'The key is weak or not one of Ed25519.',
        'Make one with `stoa-hub key init`, and paste what it prints.',
      );
    if ((await store.inForce(viewer.email)) !== undefined) throw alreadySet();
    await this.#record(viewer, 'ownerkey.set', { fingerprint: this.fingerprintOf(key), madeIn });
    if (!(await store.first({ owner: viewer.email, publicKey: key, madeIn, since: clock.now() })))
      throw alreadySet();
  }

  /**
   * The next key, by a change that the key in force has signed.
   * @param change unpadded base64url.
   * @throws {HttpError} `confirm_first`, `bad_owner_key`, `owner_key_moved`.
   */
  async replace(viewer: Viewer, { change, madeIn }: { change: string; madeIn: MadeIn }): Promise<void> {
    const { store, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const standing = await store.inForce(viewer.email);
    if (standing === undefined)
      throw badKey('There is no key that could have signed a change.', 'Set your first key.');
    const { sealed, next } = this.#verified(change, standing);
    await this.#record(viewer, 'ownerkey.change', {
      from: this.fingerprintOf(standing.publicKey),
      to: this.fingerprintOf(next),
      serial: standing.serial + 1,
      madeIn,
    });
    const key = {
      owner: viewer.email,
      serial: standing.serial + 1,
      publicKey: next,
      madeIn,
      since: clock.now(),
    };
    if (!(await store.replace(key, sealed)))
      throw new HttpError(409, 'owner_key_moved', 'The key was changed by somebody else meanwhile.', {
        fix: 'Look at the key in force, and sign the change with it.',
      });
    this.#deps.changed(viewer.email);
  }

  #verified(change: string, standing: OwnerKey): { sealed: Uint8Array; next: Uint8Array } {
    const { region, crypto } = this.#deps;
    try {
      const sealed = fromBase64Url(change);
      const { next }: OwnerKeyChange = verifyOwnerKeyChange(sealed, { ...standing, region }, crypto);
      return { sealed, next };
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw badKey(
        'The signed change does not hold under the key in force.',
        'Sign it with that key, for this account and this number: the command below is right.',
        cause,
      );
    }
  }

  async #record(viewer: Viewer, act: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#deps.audit.append({
      actor: viewer.email,
      act,
      subject: viewer.email,
      owner: viewer.email,
      detail,
    });
  }
}

function badKey(message: string, fix: string, cause?: unknown): HttpError {
  return new HttpError(422, 'bad_owner_key', message, { fix, cause });
}

function alreadySet(): HttpError {
  return new HttpError(409, 'owner_key_set', 'The account has an owner key.', {
    fix: 'Change it, with a signature of the key in force.',
  });
}
