import { type CryptoSuite, toHex } from '@stoa/protocol';
import type { OwnerKeyStore } from './store.ts';

interface Step {
  readonly fingerprint: string;
  /** By which the key before it gave way; undefined for the first. */
  readonly change: Uint8Array | undefined;
}

/** How nodes that pinned an earlier key get from it to the one in force. */
export class OwnerKeyChanges {
  readonly #store: OwnerKeyStore;
  readonly #crypto: Pick<CryptoSuite, 'hash'>;
  /** A herd of one owner's nodes that comes back together asks once. */
  readonly #reading = new Map<string, Promise<readonly Step[]>>();

  constructor(by: { store: OwnerKeyStore; crypto: Pick<CryptoSuite, 'hash'> }) {
    this.#store = by.store;
    this.#crypto = by.crypto;
  }

  /** In their order; none for the key in force, and for one that never was the owner's. */
  async since(owner: string, fingerprint: string): Promise<readonly Uint8Array[]> {
    const steps = await this.#steps(owner);
    // From the first place that the key has: a node leaves out what it followed already.
    const at = steps.findIndex((step) => step.fingerprint === fingerprint);
    return at < 0 ? [] : steps.slice(at + 1).flatMap(({ change }) => (change === undefined ? [] : [change]));
  }

  #steps(owner: string): Promise<readonly Step[]> {
    let steps = this.#reading.get(owner);
    if (steps === undefined) {
      steps = this.#read(owner).finally(() => this.#reading.delete(owner));
      this.#reading.set(owner, steps);
    }
    return steps;
  }

  async #read(owner: string): Promise<readonly Step[]> {
    const keys = await this.#store.history(owner);
    return keys.toReversed().map(({ publicKey, change }) => ({
      fingerprint: toHex(this.#crypto.hash(publicKey)),
      change,
    }));
  }
}
