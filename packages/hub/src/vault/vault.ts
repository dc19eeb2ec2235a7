import type { Random } from '@stoa/protocol';
import nacl from 'tweetnacl';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { PrivateFile } from '../private-file.ts';
import { type MasterKey, MasterKeys } from './master-keys.ts';
import { type SealedSecret, VaultStore } from './store.ts';

const RESEALED_AT_ONCE = 200;

export class VaultError extends HubError<'vault_sealed'> {
  override readonly name = 'VaultError';
}

/**
 * Secrets at rest: a dump of the database shows their names and nothing else. Sealed by NaCl's secretbox under a master key
 * that lies in a file beside the hub.
 */
export class Vault {
  readonly #store: VaultStore;
  readonly #keys: MasterKeys;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;

  constructor(by: { sql: Sql; file: PrivateFile; clock: Pick<Clock, 'now'>; random: Random }) {
    this.#store = new VaultStore(by.sql);
    this.#keys = new MasterKeys(by);
    this.#clock = by.clock;
    this.#random = by.random;
  }

  /** Replaces what was under this name. */
  async seal(name: string, secret: string, within?: TransactionSql): Promise<void> {
    const seal = async () => {
      const [key] = await this.#keys.load();
      return this.#sealed(name, { secret, key });
    };
    await this.#store.put(seal, this.#clock.now(), within);
  }

  /** Undefined where there is none. @throws VaultError where no master key here opens it. */
  async open(name: string): Promise<string | undefined> {
    const sealed = await this.#store.get(name);
    return sealed && opened(sealed, await this.#keys.load());
  }

  /** @returns whether there was one. */
  forget(name: string, within?: TransactionSql): Promise<boolean> {
    return this.#store.remove(name, within);
  }

  /** Seals every secret under a new master key, then forgets the old one. Cut off, it is gone on with. @returns how many. */
  async rotate(): Promise<number> {
    const keys = await this.#keys.begin();
    let count = 0;
    for (let done = -1; done !== 0; ) {
      done = await this.#store.sql.begin((tx) => this.#resealSome(tx, keys));
      count += done;
    }
    count += await this.#store.alone(async (tx) => {
      let late = 0;
      for (let done = -1; done !== 0; late += done) done = await this.#resealSome(tx, keys);
      return late;
    });
    // Behind the commit: an old key is forgotten when nothing is sealed under it any more, and never before.
    await this.#keys.finish();
    return count;
  }

  async #resealSome(tx: TransactionSql, keys: readonly [MasterKey, ...MasterKey[]]): Promise<number> {
    const old = await this.#store.under(tx, { not: keys[0].id, limit: RESEALED_AT_ONCE });
    for (const sealed of old) {
      const secret = opened(sealed, keys);
      await this.#store.reseal(tx, this.#sealed(sealed.name, { secret, key: keys[0] }));
    }
    return old.length;
  }

  #sealed(name: string, { secret, key }: { secret: string; key: MasterKey }): SealedSecret {
    const nonce = this.#random(nacl.secretbox.nonceLength);
    const text = Buffer.from(JSON.stringify([name, secret]));
    return { name, keyId: key.id, nonce, box: nacl.secretbox(new Uint8Array(text), nonce, key.bytes) };
  }
}

function opened({ name, keyId, nonce, box }: SealedSecret, keys: readonly MasterKey[]): string {
  const key = keys.find(({ id }) => id === keyId);
  const text =
    key && nacl.secretbox.open(new Uint8Array(box), new Uint8Array(nonce), new Uint8Array(key.bytes));
  const [sealedFor, secret] = text ? (JSON.parse(Buffer.from(text).toString()) as [string, string]) : [];
  if (secret === undefined || sealedFor !== name)
    throw new VaultError(
      'vault_sealed',
      `the secret '${name}' can't be opened: it is sealed under the master key ${keyId}, ${keys.map(({ id }) => id).join(', ')} are here. Put the key file of the hub that sealed it in place`,
      { retry: false },
    );
  return secret;
}
