import { toHex } from '@stoa/protocol';
import { challengeText, type PayoutChallenge, readPayoutAccount } from '@stoa/protocol/stoicism';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { nextHour } from '../hub-hour.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Task } from '../ticker.ts';
import type { Viewer } from '../viewer.ts';
import { type FoundGuard, GuardError, type GuardLookup } from './guard-lookup.ts';
import { neededKeys, readSignatures, signersOf, type Verifier } from './keyset.ts';
import type { Challenge, Proof, ProofStore } from './proof-store.ts';

export interface VerificationDeps {
  readonly store: ProofStore;
  readonly guards: Pick<GuardLookup, 'guardOf' | 'knows'>;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly region: string;
  readonly verify: Verifier;
}

/** Time enough to carry the text to a wallet that is never on a network, and its signature back. */
const CHALLENGE_MS = 30 * 60_000;

/**
 * The proof that who names an account holds its key: the owner's wallet signs a text that the hub drew a nonce for, and
 * the key is the one that the chain knows, asked at that moment. Without it an account earns, and is not minted to.
 */
export class Verification implements Task {
  readonly name = 'payout-challenges';
  readonly periodMs = 3_600_000;
  readonly #deps: VerificationDeps;
  readonly #tries: RateLimit;
  /** Of whom the chain is asked just now: one question at a time each, so that nobody's take the place of others'. */
  readonly #asking = new Set<string>();

  constructor(deps: VerificationDeps) {
    this.#deps = deps;
    this.#tries = new RateLimit({
      ...{ clock: deps.clock, perKey: 10 },
      // By person alone: in all, thirty e-mails would keep everybody from proving.
      inAll: Number.POSITIVE_INFINITY,
    });
  }

  /** The open challenge of a person for an account, or a new one. @throws {HttpError} 404 for an account that the person did not choose. */
  async challenge(viewer: Viewer, accountId: string): Promise<Challenge> {
    const { store, clock, random } = this.#deps;
    const now = clock.now();
    this.#admit(viewer);
    const expiresAt = Math.floor((now + CHALLENGE_MS) / 1_000) * 1_000;
    const nonce = toHex(random(16));
    if (!(await store.challenge({ nonce, email: viewer.email, accountId, expiresAt })))
      throw notFound('This account');
    return (await store.find(nonce))!;
  }

  /** The one that the person may still answer. */
  standing(email: string, accountId: string): Promise<Challenge | undefined> {
    return this.#deps.store.open(email, accountId, this.#deps.clock.now());
  }

  /** What is signed, as the browser builds it too. */
  payload({ account, email, nonce, expiresAt }: Challenge): PayoutChallenge {
    return { account, email, region: this.#deps.region, nonce, expiresAt: expiresAt / 1_000 };
  }

  /**
   * Takes the signatures of a challenge. A wrong one does not use it up, a right one does, for good.
   * @param pasted 128 hex digits each.
   * @throws {HttpError} 404 for a challenge of somebody else; `challenge_ended`, `bad_signature`, or why the chain can't be asked.
   */
  async prove(viewer: Viewer, { nonce, pasted }: { nonce: string; pasted: string }): Promise<Proof> {
    const { store, audit, clock } = this.#deps;
    const challenge = await store.find(nonce);
    if (challenge === undefined || challenge.email !== viewer.email) throw notFound('This challenge');
    this.#admit(viewer);
    const now = clock.now();
    if (challenge.used || challenge.expiresAt <= now) throw ended();
    const signatures = readSignatures(pasted);
    if (signatures === undefined)
      throw refused(
        'What was pasted is no signature.',
        'Paste 128 hex digits, or as many such lines as keys have signed.',
      );
    const guard = await this.#guardOf(challenge);
    const payload = this.payload(challenge);
    const signed = signersOf(payload, { keys: guard.keyset.keys, signatures, verify: this.#deps.verify });
    const needed = neededKeys(guard.keyset);
    if (signed.length < needed)
      throw refused(
        shortfall(guard, { signed: signed.length, needed }),
        'Sign exactly the text that is shown, byte by byte, with the key of the account.',
      );
    const { accountId, email } = challenge;
    const proof: Proof = {
      ...{ accountId, email, nonce, challenge: challengeText(payload), signatures: signed },
      ...{
        guard: guard.keyset,
        guardFrom: guard.from,
        saidBy: guard.saidBy,
        provenAt: now,
        fromHour: nextHour(now),
      },
    };
    const act = {
      ...{ actor: email, act: 'payout.verify', subject: accountId, owner: email },
      detail: {
        account: challenge.account,
        nonce,
        keys: signed.map(({ key }) => key),
        saidBy: [...guard.saidBy],
      },
    };
    if (!(await store.keep(proof, (tx) => audit.appendIn(tx, act)))) throw ended();
    return proof;
  }

  async tick(): Promise<void> {
    await this.#deps.store.sweep(this.#deps.clock.now());
  }

  async #guardOf({ account, email }: Challenge): Promise<FoundGuard> {
    const verdict = readPayoutAccount(account);
    if (!verdict.ok) throw refused(verdict.why, verdict.fix);
    if (this.#asking.has(email)) throw tooMany('The chain is asked for you already.', 'Wait for its answer.');
    this.#asking.add(email);
    try {
      return await this.#deps.guards.guardOf(account, verdict.kind);
    } catch (cause) {
      if (!(cause instanceof GuardError)) throw cause;
      const fix = cause.retry
        ? 'Try again in a moment: the signature stays good until its text ends.'
        : 'See docs/payouts.md.';
      throw new HttpError(cause.retry ? 503 : 422, cause.code, cause.message, {
        fix,
        retry: cause.retry,
        cause,
      });
    } finally {
      this.#asking.delete(email);
    }
  }

  #admit({ email }: Viewer): void {
    if (!this.#tries.admit(email)) throw tooMany('That were many tries in a minute.', 'Wait a minute.');
  }
}

function shortfall(
  { keyset, from }: FoundGuard,
  { signed, needed }: { signed: number; needed: number },
): string {
  const whose = from === 'name' ? 'the key in its name' : 'the keys that the chain knows for it';
  return needed === 1 && signed === 0
    ? `No signature of this text holds under ${whose} (${keyset.keys.map((key) => `${key.slice(0, 12)}…`).join(', ')}).`
    : `${signed} of the ${needed} keys that are needed (${keyset.pred} of ${keyset.keys.length}) have signed this text.`;
}

function ended(): HttpError {
  return new HttpError(409, 'challenge_ended', 'This text was used, or its time is over.', {
    fix: 'Have a new one made, and sign that.',
  });
}

function tooMany(message: string, fix: string): HttpError {
  return new HttpError(429, 'too_many_tries', message, { fix, retry: true });
}

function refused(message: string, fix: string): HttpError {
  return new HttpError(422, 'bad_signature', message, { fix });
}
