import { toHex } from '../bytes.ts';
import type { Signatures } from '../crypto/suite.ts';

/** Documents by their `hash`: each is hashed once a file, whatever its hours name. */
export class DocumentIndex {
  readonly #byHash: ReadonlyMap<string, Uint8Array>;

  constructor(documents: readonly Uint8Array[], { hash }: Pick<Signatures, 'hash'>) {
    this.#byHash = new Map(documents.map((document) => [toHex(hash(document)), document]));
  }

  get(hash: Uint8Array): Uint8Array | undefined {
    return this.#byHash.get(toHex(hash));
  }
}
