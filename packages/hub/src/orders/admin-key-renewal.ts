import { adminKeyKind, equalBytes, fromHex, LIMITS, peek } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { AdminKeyStore, CertifiedKey } from './admin-key-store.ts';

const RENEW_WITHIN_MS = LIMITS.adminKeyMs / 2;

/**
 * Keeps a certificate of every key that the signer lists. The list is the signer's own, made on its host: what is not on
 * it gets no certificate here, and what went from it keeps none.
 */
export class AdminKeyRenewal implements Task {
  readonly name = 'admin-keys';
  readonly periodMs = 10 * 60_000;
  readonly #store: AdminKeyStore;
  readonly #signer: Pick<SignerClient, 'status' | 'adminKey'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: {
    store: AdminKeyStore;
    signer: Pick<SignerClient, 'status' | 'adminKey'>;
    clock: Pick<Clock, 'now'>;
  }) {
    this.#store = by.store;
    this.#signer = by.signer;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const [{ adminKeys }, held] = await Promise.all([this.#signer.status(), this.#store.all()]);
    const listed = new Map(adminKeys.map(({ admin, publicKey }) => [admin, fromHex(publicKey)]));
    for (const { admin } of held) if (!listed.has(admin)) await this.#store.remove(admin);
    for (const [admin, publicKey] of listed) {
      const certified = held.find((key) => key.admin === admin);
      if (this.#isDue(certified, publicKey)) await this.#renew(admin, publicKey);
    }
  }

  #isDue(held: CertifiedKey | undefined, publicKey: Uint8Array): boolean {
    if (held === undefined || !equalBytes(held.publicKey, publicKey)) return true;
    return held.notAfter - this.#clock.now() < RENEW_WITHIN_MS;
  }

  async #renew(admin: string, publicKey: Uint8Array): Promise<void> {
    const papers = await this.#signer.adminKey({ admin, publicKey });
    const { notAfter } = peek(adminKeyKind, papers.key);
    await this.#store.keep({ admin, publicKey, papers, notAfter });
  }
}
