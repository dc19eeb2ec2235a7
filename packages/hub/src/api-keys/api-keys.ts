import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { RateLimit } from '../rate-limit.ts';
import type { KeyScope, Viewer } from '../viewer.ts';
import { createKeyText, parseKeyText, sameHash } from './key-text.ts';
import type { ApiKey, ApiKeyStore } from './store.ts';

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
const MAX_WORKING = 50;
/** Bad keys that one address may show in a minute before nothing of it is looked at. */
const BAD_PER_ADDRESS = 20;

export interface ApiKeysDeps {
  readonly store: ApiKeyStore;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  /** The account of an e-mail as it stands now: a key has the tier that its owner has today. */
  readonly holderOf: (email: string) => Promise<Pick<Viewer, 'accountId' | 'email' | 'tier'> | undefined>;
}

export interface KeyRequest {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** 1 to 365. */
  readonly days: number;
}

/** Keys by which programs act for an account, within scopes and until a day. */
export class ApiKeys {
  readonly #deps: ApiKeysDeps;
  readonly #bad: RateLimit;

  constructor(deps: ApiKeysDeps) {
    this.#deps = deps;
    this.#bad = new RateLimit({
      clock: deps.clock,
      perKey: BAD_PER_ADDRESS,
      inAll: Number.POSITIVE_INFINITY,
    });
  }

  /**
   * @returns the key itself, which is in no store and no log afterwards.
   * @throws {HttpError} `too_many_keys`.
   */
  async create(viewer: Viewer, request: KeyRequest): Promise<{ text: string; key: ApiKey }> {
    const { store, audit, clock, random } = this.#deps;
    const now = clock.now();
    if ((await store.working(viewer.email, now)) >= MAX_WORKING)
      throw new HttpError(
        409,
        'too_many_keys',
        `The account has ${MAX_WORKING} working keys, as many as it may.`,
        {
          fix: 'Revoke those that nobody uses.',
        },
      );
    const { text, keyId, hash } = createKeyText(random);
    const { name, scopes } = request;
    const expiresAt = now + request.days * DAY_MS;
    const key = { keyId, owner: viewer.email, name, scopes, createdAt: now, expiresAt };
    await audit.append({
      actor: viewer.email,
      act: 'key.create',
      subject: keyId,
      owner: viewer.email,
      detail: { name, scopes, expiresAt: new Date(expiresAt).toISOString() },
    });
    await store.add(key, hash);
    return { text, key: { ...key, lastUsedAt: undefined, revokedAt: undefined } };
  }

  list(viewer: Viewer): Promise<ApiKey[]> {
    return this.#deps.store.ofOwner(viewer.email);
  }

  /** @throws {HttpError} 404 for somebody else's, as for none. Repeated it is no change. */
  async revoke(viewer: Viewer, keyId: string): Promise<void> {
    const { store, audit, clock } = this.#deps;
    const found = await store.find(keyId);
    if (found === undefined || found.key.owner !== viewer.email) throw notFound('This key');
    if (found.key.revokedAt !== undefined) return;
    await audit.append({
      actor: viewer.email,
      act: 'key.revoke',
      subject: keyId,
      owner: viewer.email,
      detail: { name: found.key.name },
    });
    await store.revoke(keyId, viewer.email, clock.now());
  }

  /**
   * Who shows this key. Unknown, wrong, expired and revoked are one answer.
   * @throws {HttpError} `bad_key`; `key_throttled` where the address has shown too many bad ones this minute.
   */
  async authenticate(text: string, address: string): Promise<Viewer> {
    const { store, clock, holderOf } = this.#deps;
    if (this.#bad.isSpent(address)) throw throttled();
    const now = clock.now();
    const shown = parseKeyText(text);
    const found = shown && (await store.find(shown.keyId));
    const proven = shown !== undefined && sameHash(found?.hash ?? NO_HASH, shown.hash);
    const holder = found && proven && isWorking(found.key, now) ? await holderOf(found.key.owner) : undefined;
    if (found === undefined || holder === undefined) {
      this.#bad.admit(address);
      throw badKey();
    }
    await store.used(found.key.keyId, Math.floor(now / HOUR_MS) * HOUR_MS);
    return { ...holder, confirmedAt: 0, keyScopes: found.key.scopes };
  }
}

/** Compared with where there is no key, so that a known id takes as long as an unknown one. */
const NO_HASH = new Uint8Array(32);

export function isWorking(key: ApiKey, now: number): boolean {
  return key.revokedAt === undefined && now < key.expiresAt;
}

function badKey(): HttpError {
  return new HttpError(401, 'bad_key', 'The API key is not one that works here.', {
    fix: 'Make one under Settings, API keys, and send it as: Authorization: Bearer stoa_…',
  });
}

function throttled(): HttpError {
  return new HttpError(429, 'key_throttled', 'Too many bad API keys came from your address.', {
    fix: 'Wait a minute, and correct the key.',
    retry: true,
  });
}
