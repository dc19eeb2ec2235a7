import type { SigningKey } from '@stoa/protocol';
import { Book } from '#journal/book.ts';
import { admitEnrolments, admitPlan, type PlanRequest } from '#mint/admission.ts';
import { decideCommand, type MintDecision } from '#mint/command.ts';
import { contractOf, type MintConfig } from '#mint/config.ts';
import type { MintEntry } from '#mint/entry.ts';
import { type MintPlace, mintJournal } from '#mint/place.ts';
import type { MintRequest, SignedCommand } from '#mint/request.ts';
import { type MintOffice, refuseUnless } from '#mint/rules/rule.ts';
import { MintState, requirePlace } from '#mint/state.ts';
import { describeMintStatus, type MintSignerStatus } from '#mint/status.ts';
import { type Clock, MAX_LEAP_MS, steadyNow } from '#steady-clock.ts';

export type MintBook = Book<MintEntry, MintState>;

/** The journal of a minter's signer and what it adds up to. */
export function openMintBook(place: MintPlace, config: MintConfig): MintBook {
  return new Book(mintJournal(place), {
    begin: () => new MintState(),
    check: (state) => requirePlace(state, { networkId: config.networkId, contract: contractOf(config) }),
  });
}

/**
 * The one desk of the minter's signer: an act is decided on the state, written to the journal, applied, and only then
 * answered. Callers come one at a time (`MintService`).
 */
export class MintDesk {
  readonly #config: MintConfig;
  readonly #book: MintBook;
  readonly #key: SigningKey;
  readonly #clock: Clock;

  constructor(parts: { config: MintConfig; book: MintBook; key: SigningKey; clock: Clock }) {
    this.#config = parts.config;
    this.#book = parts.book;
    this.#key = parts.key;
    this.#clock = parts.clock;
  }

  /** @param accept a person vouches for a clock that leapt. @throws SignerError `clock_leap`. */
  async requireClock(accept: boolean): Promise<void> {
    const { state } = await this.#book.read();
    const now = this.#clock.now();
    if (accept && now - state.at > MAX_LEAP_MS)
      await this.#book.write({ at: now, kind: 'mint-clock-accepted', previous: state.at });
    steadyNow(this.#clock, state.at);
  }

  async status(): Promise<MintSignerStatus> {
    const { state, head } = await this.#book.read();
    const clockNow = this.#clock.now();
    const leapt = clockNow - state.at > MAX_LEAP_MS;
    const now = leapt ? state.at : steadyNow(this.#clock, state.at);
    return describeMintStatus({ config: this.#config, state, now }, { head, clockNow });
  }

  sign(request: MintRequest): Promise<SignedCommand> {
    return this.#decide((office) => decideCommand(request, office, this.#key));
  }

  plan(request: PlanRequest): Promise<undefined> {
    return this.#decide((office) => admitPlan(request, office));
  }

  enrolments(request: { readonly approvals: readonly Uint8Array[] }): Promise<undefined> {
    return this.#decide((office) => admitEnrolments(request, office));
  }

  /** Idempotent: the first reason stays. */
  kill(reason: string): Promise<undefined> {
    return this.#decide(({ state }) => ({
      ...(state.killed === undefined && { act: { kind: 'mint-killed', reason } }),
      answer: undefined,
    }));
  }

  revive(reason: string): Promise<undefined> {
    return this.#decide(({ state }) => ({
      ...(state.killed !== undefined && { act: { kind: 'mint-revived', reason } }),
      answer: undefined,
    }));
  }

  /** A new key signs from now on. @throws SignerError `mint_attempt_alive` while a command of the old one can be mined. */
  rotate(next: { readonly publicKey: string; readonly key: number }): Promise<undefined> {
    return this.#decide(({ state, now }) => {
      refuseUnless(
        now >= state.aliveUntil,
        'mint_attempt_alive',
        `a command of the present key can be mined until ${new Date(state.aliveUntil).toISOString()}`,
        { retryAfterMs: state.aliveUntil - now },
      );
      return { act: { kind: 'key-rotated', ...next }, answer: undefined };
    });
  }

  async #decide<T>(decide: (office: MintOffice) => MintDecision<T>): Promise<T> {
    const { state } = await this.#book.read();
    const now = steadyNow(this.#clock, state.at);
    const { act, answer } = decide({ config: this.#config, state, now });
    if (act !== undefined) await this.#book.write({ at: now, ...act });
    return answer;
  }
}
