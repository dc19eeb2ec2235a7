import type { CryptoSuite, ExchangeKey, Random } from '../crypto/suite.ts';

const LIFE_MS = 1_000;

/**
 * The X25519 keys of a hub instance: one for the handshakes of each second, since making it costs a quarter of what the
 * hub spends on a handshake. Every session still has keys of its own (its transcript, with both nonces and the agent's
 * own ephemeral key, goes into their derivation); what is shared is how long a key lives before it is gone: one second
 * of handshakes instead of one handshake. docs/decisions/handshake-cost.md.
 */
export class EphemeralKeys {
  readonly #crypto: CryptoSuite;
  readonly #random: Random;
  #key: ExchangeKey | undefined;
  #since = 0;

  constructor(by: { crypto: CryptoSuite; random: Random }) {
    this.#crypto = by.crypto;
    this.#random = by.random;
  }

  /** @param now hub time, milliseconds; a clock that was turned back makes a new key as well. */
  at(now: number): ExchangeKey {
    const age = now - this.#since;
    if (this.#key === undefined || age < 0 || age >= LIFE_MS) {
      this.#key = this.#crypto.exchangeKey(this.#random(32));
      this.#since = now;
    }
    return this.#key;
  }
}
