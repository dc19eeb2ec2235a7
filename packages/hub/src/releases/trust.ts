import { readFile } from 'node:fs/promises';
import { peekRoot, verifyRoots } from '@stoa/protocol/release';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { readSecret, saveSecret } from '../region-settings.ts';
import { PublishError } from './error.ts';

const SETTING = 'release-root';

/**
 * The root metadata from which every release of this region must descend: a file that the configuration names, or what an
 * admin was shown once. It lies apart from the releases, so that who writes into their directory changes nothing of it.
 */
export class ReleaseTrust {
  readonly #sql: Sql;
  readonly #file: string | undefined;

  /** @param by.file RELEASE_ROOT. */
  constructor(by: { sql: Sql; file: string | undefined }) {
    this.#sql = by.sql;
    this.#file = by.file;
  }

  /** Undefined where none was ever trusted. */
  async anchor(within: Sql | TransactionSql = this.#sql): Promise<Uint8Array | undefined> {
    return this.#file === undefined ? readSecret(within, SETTING) : readRoot(this.#file);
  }

  /**
   * From now on releases descend from this root. @returns whether that is new.
   * @throws PublishError `root_differs` where another is trusted, which only its own successors replace.
   */
  async begin(root: Uint8Array, within: TransactionSql): Promise<boolean> {
    verifyRoots(root);
    const held = await this.anchor(within);
    if (held === undefined) await saveSecret(within, SETTING, root);
    else if (!Buffer.from(held).equals(root)) {
      const where = this.#file === undefined ? 'trusted here' : `named by RELEASE_ROOT (${this.#file})`;
      const { version, sha256 } = peekRoot(held);
      throw new PublishError(
        'root_differs',
        `root ${version} (${sha256}) is ${where}, this one is ${peekRoot(root).sha256}: a newer root comes by stoa-hub release publish, with the signatures of the one before`,
      );
    }
    return held === undefined;
  }
}

/** @throws PublishError `root_unknown`. */
export async function readRoot(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new PublishError('root_unknown', `the root ${path} cannot be read`, { cause });
  }
}
