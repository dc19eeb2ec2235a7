import { createHash } from 'node:crypto';
import type { Random } from '@stoa/protocol';
import { HubError } from '../error.ts';
import type { PrivateFile } from '../private-file.ts';

export interface MasterKey {
  /** Of its hash: tells which row it opens. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

const KEY_BYTES = 32;

/**
 * The file of master keys: the one in force first; behind it the one before, while a rotation is under way. Raw bytes, 32
 * each. Every process that opens secrets (the hub, its workers) has the same file.
 */
export class MasterKeys {
  readonly #file: PrivateFile;
  readonly #random: Random;

  constructor(by: { file: PrivateFile; random: Random }) {
    this.#file = by.file;
    this.#random = by.random;
  }

  /** Made at the first use. @throws HubError `vault_key_damaged`. */
  async load(): Promise<readonly [MasterKey, ...MasterKey[]]> {
    const held = await this.#file.load();
    if (held === undefined) return await this.#save([this.#random(KEY_BYTES)]);
    if (held.length === 0 || held.length % KEY_BYTES !== 0)
      throw new HubError(
        'vault_key_damaged',
        `the vault's master key file has ${held.length} bytes, ${KEY_BYTES} a key expected: restore it from a backup`,
        { retry: false },
      );
    const keys = Array.from({ length: held.length / KEY_BYTES }, (_, at) =>
      keyOf(held.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES)),
    );
    return keys as [MasterKey, ...MasterKey[]];
  }

  /** A new one in force, the others kept. A rotation that was cut off is gone on with. */
  async begin(): Promise<readonly [MasterKey, ...MasterKey[]]> {
    const keys = await this.load();
    if (keys.length > 1) return keys;
    return await this.#save([this.#random(KEY_BYTES), ...keys.map(({ bytes }) => bytes)]);
  }

  /** Forgets all but the one in force. */
  async finish(): Promise<void> {
    const [current] = await this.load();
    await this.#save([current.bytes]);
  }

  async #save(keys: readonly Uint8Array[]): Promise<readonly [MasterKey, ...MasterKey[]]> {
    await this.#file.save(new Uint8Array(Buffer.concat(keys)));
    return keys.map(keyOf) as [MasterKey, ...MasterKey[]];
  }
}

function keyOf(bytes: Uint8Array): MasterKey {
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}
