import { type CryptoSuite, fromHex, type Random, type SigningKey, toHex } from '@stoa/protocol';
import {
  type Body,
  formatMetadata,
  keyId,
  signBody,
  type TrustedRoot,
  withSignatures,
} from '@stoa/protocol/release';
import { z } from 'zod';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { SecretStore } from '#vault/index.ts';
import type { Clock } from '../clock.ts';
import { PublishError } from './error.ts';

const SECRET = 'release-keys';
const SEED_BYTES = 32;

export const ONLINE_ROLES = ['snapshot', 'timestamp'] as const;
export type OnlineRole = (typeof ONLINE_ROLES)[number];

const held = z.array(
  z.strictObject({
    role: z.enum(ONLINE_ROLES),
    seed: z.string().regex(/^[0-9a-f]{64}$/),
    /** Milliseconds since 1970. */
    madeAt: z.int(),
  }),
);

export interface OnlineKey {
  readonly role: OnlineRole;
  /** As roots name it. */
  readonly id: string;
  readonly publicKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
}

interface HeldKey extends OnlineKey {
  readonly seed: string;
  readonly key: SigningKey;
}

/**
 * The keys by which this region says which release is the newest. They never vouch for content. Which of them are in
 * force is the root's to say: those of a coming root are held beside those of the present one.
 */
export class OnlineKeys {
  readonly #secrets: SecretStore;
  readonly #crypto: Pick<CryptoSuite, 'signingKey'>;
  readonly #random: Random;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: {
    secrets: SecretStore;
    crypto: Pick<CryptoSuite, 'signingKey'>;
    random: Random;
    clock: Pick<Clock, 'now'>;
  }) {
    this.#secrets = by.secrets;
    this.#crypto = by.crypto;
    this.#random = by.random;
    this.#clock = by.clock;
  }

  /** The oldest first; none in a region that mirrors another. */
  async list(within?: TransactionSql): Promise<readonly OnlineKey[]> {
    return (await this.#held(within)).map(({ role, id, publicKey, madeAt }) => ({
      role,
      id,
      publicKey,
      madeAt,
    }));
  }

  /** One more key for each role, for the next root to name. */
  async make(within: Sql | TransactionSql): Promise<readonly OnlineKey[]> {
    const madeAt = this.#clock.now();
    const made = ONLINE_ROLES.map((role) => ({ role, seed: toHex(this.#random(SEED_BYTES)), madeAt }));
    await this.#save([...(await this.#held(within)), ...made], within);
    return made.map((each) => this.#opened(each));
  }

  /** Forgets those that neither this root names nor a coming one can: made before its own. @returns their ids. */
  async forget(root: TrustedRoot, within: Sql | TransactionSql): Promise<readonly string[]> {
    const all = await this.#held(within);
    const inForce = all.filter((key) => isNamed(root, key));
    const since = Math.min(...inForce.map(({ madeAt }) => madeAt));
    const gone = all.filter((key) => !inForce.includes(key) && key.madeAt < since);
    if (inForce.length === 0 || gone.length === 0) return [];
    await this.#save(
      all.filter((key) => !gone.includes(key)),
      within,
    );
    return gone.map(({ id }) => id);
  }

  /** @throws PublishError `online_key_missing`. */
  async require(root: TrustedRoot): Promise<void> {
    for (const role of ONLINE_ROLES) await this.#signers(root, role);
  }

  /** The metadata as it is served. @throws PublishError `online_key_missing`. */
  async sign(root: TrustedRoot, role: OnlineRole, body: Body, within: TransactionSql): Promise<Uint8Array> {
    const signers = await this.#signers(root, role, within);
    return formatMetadata(
      withSignatures(
        body,
        signers.map(({ key }) => signBody(body, key)),
      ),
    );
  }

  async #signers(root: TrustedRoot, role: OnlineRole, within?: TransactionSql): Promise<readonly HeldKey[]> {
    const all = await this.#held(within);
    const signers = all.filter((key) => key.role === role && isNamed(root, key));
    const { keys, threshold } = root.roles[role];
    if (signers.length >= Math.max(1, threshold)) return signers;
    const [named, own] = [keys, all.filter((key) => key.role === role)].map(
      (some) => some.map(({ id }) => id.slice(0, 16)).join(', ') || 'none',
    );
    throw new PublishError(
      'online_key_missing',
      `root ${root.version} names for the ${role} ${named}, this region holds ${own}: show the holders of the root what stoa-hub release keys prints, or publish where that key is`,
    );
  }

  async #held(within?: Sql | TransactionSql): Promise<readonly HeldKey[]> {
    const text = await this.#secrets.open(SECRET, within);
    return text === undefined ? [] : held.parse(JSON.parse(text)).map((each) => this.#opened(each));
  }

  async #save(
    keys: readonly { role: OnlineRole; seed: string; madeAt: number }[],
    within: Sql | TransactionSql,
  ): Promise<void> {
    const kept = keys.map(({ role, seed, madeAt }) => ({ role, seed, madeAt }));
    await this.#secrets.seal(SECRET, JSON.stringify(kept), within);
  }

  #opened({ role, seed, madeAt }: { role: OnlineRole; seed: string; madeAt: number }): HeldKey {
    const key = this.#crypto.signingKey(fromHex(seed));
    return { role, seed, madeAt, key, publicKey: key.publicKey, id: keyId(key.publicKey) };
  }
}

function isNamed(root: TrustedRoot, { role, id }: OnlineKey): boolean {
  return root.roles[role].keys.some((named) => named.id === id);
}
