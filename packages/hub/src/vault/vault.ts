import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Random } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { HubError } from '../error.ts';
import type { Log } from '../log.ts';
import { readSecret, saveSecret } from '../region-settings.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of the key in force; with the database, so that a hub with another key file is found out before it seals by it. */
const IN_FORCE = 'vault-key';
const BATCH = 1_000;
/** Any constant: it names "the key in force" among advisory locks. */
const OPENING_LOCK = 7_403_321;

export class VaultError extends HubError<
  'vault_key_unknown' | 'vault_key_damaged' | 'not_sealed' | 'seal_broken'
> {
  override readonly name = 'VaultError';
}

/** A column of the database that holds sealed text, '' where there is none. */
export interface SealedColumn {
  readonly table: string;
  /** Names a row, as text. */
  readonly id: string;
  readonly column: string;
}

/**
 * Seals secrets that the hub must be able to read by keys that are not in the database: a copy of that opens none. What is
 * sealed says by which key, and opens in its own row only.
 */
export class Vault {
  /** By id; the first seals, the others open what waits to be sealed anew. */
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #random: Random;
  readonly keyId: string;

  /** @param keys the one in force first, 32 bytes each. */
  constructor({ keys, random }: { keys: readonly Uint8Array[]; random: Random }) {
    this.#keys = new Map(keys.map((key) => [idOf(key), key]));
    this.#random = random;
    const [inForce] = this.#keys.keys();
    if (inForce === undefined || keys.some(({ length }) => length !== KEY_BYTES))
      throw damaged(`${keys.length} keys, of ${keys.map(({ length }) => length).join(', ')} bytes`);
    this.keyId = inForce;
  }

  knows(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** How all begins that is sealed by the key in force. */
  get prefix(): string {
    return `sealed:${this.keyId}:`;
  }

  seal(text: string, column: SealedColumn, id: string): string {
    const nonce = this.#random(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keys.get(this.keyId)!, nonce).setAAD(placeOf(column, id));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return this.prefix + sealed.toString('base64url');
  }

  /** @throws {VaultError} */
  open(sealed: string, column: SealedColumn, id: string): string {
    const [, keyId, text] = /^sealed:([0-9a-f]{16}):([\w-]+)$/.exec(sealed) ?? [];
    const where = `${column.table}.${column.column} of ${id}`;
    if (keyId === undefined || text === undefined)
      throw new VaultError('not_sealed', `${where} is not sealed: start the hub, which seals it`, {
        retry: false,
      });
    const key = this.#keys.get(keyId);
    if (key === undefined)
      throw new VaultError(
        'vault_key_unknown',
        `${where} is sealed by key ${keyId}, which is not in vault.key: bring it back from the backup, or set the secret anew`,
        { retry: false },
      );
    const bytes = Buffer.from(text, 'base64url');
    try {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES))
        .setAAD(placeOf(column, id))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return (
        decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch (cause) {
      throw new VaultError('seal_broken', `${where} was changed: set the secret anew`, {
        retry: false,
        cause,
      });
    }
  }

  /** Seals by the key in force what is not: plain text of earlier versions, and all after a change of the key. */
  async reseal(sql: Sql, column: SealedColumn, log: Pick<Log, 'error'>): Promise<void> {
    const lost: string[] = [];
    while (await this.#resealSome(sql, column, lost));
    if (lost.length > 0)
      log.error(
        { table: column.table, rows: lost.length },
        'secrets are sealed by keys that are not in vault.key: bring them back from the backup, or set the secrets anew',
      );
  }

  async #resealSome(sql: Sql, column: SealedColumn, lost: string[]): Promise<boolean> {
    const [table, id, value] = [sql(column.table), sql(column.id), sql(column.column)];
    return sql.begin(async (tx) => {
      const rows = await tx<
        { id: string; value: string }[]
      >`select ${id} as id, ${value} as value from ${table}
        where ${value} <> '' and not starts_with(${value}, ${this.prefix}) and ${id} <> all(${lost}::text[])
        order by ${id} limit ${BATCH} for update`;
      for (const row of rows) {
        const text = this.#opened(row.value, column, row.id);
        if (text === undefined) lost.push(row.id);
        else
          await tx`update ${table} set ${value} = ${this.seal(text, column, row.id)} where ${id} = ${row.id}`;
      }
      return rows.length > 0;
    });
  }

  #opened(value: string, column: SealedColumn, id: string): string | undefined {
    try {
      return this.open(value, column, id);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return error.code === 'not_sealed' ? value : undefined;
    }
  }
}

/**
 * The vault of this hub, with what these columns hold sealed by the key in force. The key file is made where the region
 * has none; it has a key a line, as hex, the one in force first.
 * @throws {VaultError} where the region's key is not in the file.
 */
export async function openVault(by: {
  file: { load(): Promise<Uint8Array | undefined>; save(bytes: Uint8Array): Promise<void> };
  sql: Sql;
  random: Random;
  log: Pick<Log, 'error'>;
  columns: readonly SealedColumn[];
  /** Who else seals by the region's key. Without it nobody is known to be away, and no key is given up. */
  sealers?: Sealers;
}): Promise<Vault> {
  const { file, sql, random } = by;
  const held = await file.load();
  const fresh = random(KEY_BYTES);
  const vault = new Vault({ keys: held === undefined ? [fresh] : keysOf(held), random });
  const named = await sql.begin(async (tx) => {
    // One opens at a time: the second sees what the first has decided, and that it is there.
    await tx`select pg_advisory_xact_lock(${OPENING_LOCK})`;
    const bytes = await readSecret(tx, IN_FORCE);
    const before = bytes && Buffer.from(bytes).toString();
    const known = before !== undefined && vault.knows(before);
    if (before !== undefined && !known && !(await isGivenUp(tx, by))) throw unknownTo(before);
    if (!known) {
      // Saved before the region is told of it, or a crash between the two would leave a key that nobody has.
      if (held === undefined) await file.save(Buffer.from(`${Buffer.from(fresh).toString('hex')}\n`));
      await saveSecret(tx, IN_FORCE, Buffer.from(vault.keyId));
    }
    await by.sealers?.seen(tx);
    return known ? before : vault.keyId;
  });
  for (const column of by.columns) await vault.reseal(sql, column, by.log);
  if (named !== vault.keyId) await saveSecret(sql, IN_FORCE, Buffer.from(vault.keyId));
  return vault;
}

/** Hubs and workers of the region, as they tell each other that they are there. */
export interface Sealers {
  others(tx: TransactionSql): Promise<boolean>;
  /** From now on the others see this one. */
  seen(tx: TransactionSql): Promise<void>;
}

/** A key that nobody who runs seals by, and that nothing is sealed by. */
async function isGivenUp(
  tx: TransactionSql,
  { sealers, columns }: { sealers?: Sealers | undefined; columns: readonly SealedColumn[] },
): Promise<boolean> {
  return sealers !== undefined && !(await sealers.others(tx)) && (await isEmpty(tx, columns));
}

function unknownTo(keyId: string): VaultError {
  return new VaultError(
    'vault_key_unknown',
    `the secrets of this region are sealed by key ${keyId}, which is not in vault.key of the data directory: copy that file from another hub or from the backup (docs/keys.md)`,
    { retry: false },
  );
}

async function isEmpty(sql: TransactionSql, columns: readonly SealedColumn[]): Promise<boolean> {
  const held = await Promise.all(
    columns.map(({ table, column }) => sql`select 1 from ${sql(table)} where ${sql(column)} <> '' limit 1`),
  );
  return held.every((rows) => rows.length === 0);
}

function keysOf(file: Uint8Array): Uint8Array[] {
  const lines = Buffer.from(file).toString('latin1').split('\n');
  const texts = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (texts.some((text) => !/^[0-9a-f]{64}$/i.test(text))) throw damaged('other than lines of 64 hex digits');
  return texts.map((text) => Buffer.from(text, 'hex'));
}

function damaged(found: string): VaultError {
  const want = 'a key of 64 hex digits a line is expected: bring it back from the backup';
  return new VaultError('vault_key_damaged', `vault.key holds ${found}; ${want}`, { retry: false });
}

function idOf(key: Uint8Array): string {
  return createHash('sha256').update('stoa/v1/vault-key').update(key).digest('hex').slice(0, 16);
}

function placeOf({ table, column }: SealedColumn, id: string): Buffer {
  return Buffer.from(`stoa/v1/vault\0${table}\0${column}\0${id}`);
}
