import { type CryptoSuite, toHex } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { gapDocument } from './gap-seal.ts';
import { GapStore } from './gap-store.ts';

/** Signed records of gaps, for whoever hands on a receipt that names some. Reads only. */
export class GapDocuments {
  readonly #store: GapStore;
  readonly #hash: CryptoSuite['hash'];

  constructor(by: { sql: Sql; crypto: Pick<CryptoSuite, 'hash'> }) {
    this.#store = new GapStore(by.sql);
    this.#hash = by.crypto.hash;
  }

  /** Those of an hour that have one of these hashes. One that was declared anew since, and longer, is not among them. */
  async named(hubHour: number, hashes: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const gaps = await this.#store.overlapping({ from: hubHour * 60, until: (hubHour + 1) * 60 });
    const wanted = new Set(hashes.map(toHex));
    return gaps.flatMap((gap) => {
      const document = gapDocument(gap);
      return document !== undefined && wanted.has(toHex(this.#hash(document))) ? [document] : [];
    });
  }
}
