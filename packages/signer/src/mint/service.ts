import { type Random, toHex } from '@stoa/protocol';
import type { DirectoryLock } from '#directory-lock.ts';
import { createDisk, type Disk } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { Unlock } from '#keys/unlock.ts';
import { MintDesk, openMintBook } from '#mint/desk.ts';
import { MINT_DIALECT, type MintCalls } from '#mint/dialect.ts';
import { makeMinterKey, openMinterKey } from '#mint/keys.ts';
import { type MintPlace, readMintConfig } from '#mint/place.ts';
import type { Clock } from '#steady-clock.ts';
import type { Callee, Dialect, MethodOf } from '#wire/dialect.ts';

export interface MintServiceOptions {
  readonly dir: string;
  readonly unlock: Unlock;
  readonly clock: Clock;
  readonly disk?: Disk;
  /** A person vouches that the clock is right, however far it is ahead of the last act. */
  readonly acceptClockLeap?: boolean;
}

type Handlers = {
  readonly [M in MethodOf<MintCalls>]: (
    desk: MintDesk,
    request: MintCalls[M]['request'],
  ) => Promise<MintCalls[M]['answer']>;
};

const done = (): Record<never, never> => ({});

const HANDLERS: Handlers = {
  status: (desk) => desk.status(),
  plan: (desk, request) => desk.plan(request).then(done),
  enrolments: (desk, request) => desk.enrolments(request).then(done),
  open: (desk, { act, setting, leaseEpoch, plan }) =>
    desk.sign({ act: { kind: 'open', ...act }, setting, ground: { plan, leaseEpoch } }),
  mint: (desk, { act, setting, leaseEpoch, plan }) =>
    desk.sign({ act: { kind: 'mint', ...act }, setting, ground: { plan, leaseEpoch } }),
  close: (desk, { act, setting, leaseEpoch, plan }) =>
    desk.sign({ act: { kind: 'close', ...act }, setting, ground: { plan, leaseEpoch } }),
  enrol: (desk, { act, setting, leaseEpoch }) =>
    desk.sign({ act: { kind: 'enrol', ...act }, setting, ground: { plan: undefined, leaseEpoch } }),
  kill: (desk, { reason }) => desk.kill(reason).then(done),
};

/**
 * The minter's signer with its key open, holding its directory alone until `close`.
 * @throws SignerError `file_missing`, `key_exposed`, `key_damaged`, `key_locked`, `directory_in_use`, `journal_missing`,
 * `journal_damaged`, `clock_leap`.
 */
export async function openMintService(options: MintServiceOptions): Promise<MintService> {
  const { desk, lock } = await openDesk(options);
  return new MintService(desk, lock);
}

interface OpenedDesk {
  readonly desk: MintDesk;
  readonly place: MintPlace;
  /** Of the key that it signs with. */
  readonly key: number;
  readonly lock: DirectoryLock | undefined;
}

/** Whoever gets it releases the lock. */
async function openDesk(options: MintServiceOptions): Promise<OpenedDesk> {
  const { dir, unlock, clock, disk = createDisk() } = options;
  const place = { dir, disk };
  const config = await readMintConfig(place);
  const lock = await disk.lock?.(dir);
  try {
    const book = openMintBook(place, config);
    const { state } = await book.read();
    const key = await openMinterKey(place, { number: state.key, publicKey: state.publicKey, unlock });
    const desk = new MintDesk({ config, book, key, clock });
    await desk.requireClock(options.acceptClockLeap ?? false);
    return { desk, place, key: state.key, lock };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/** Takes callers to the desk one at a time, in the order they came. */
export class MintService implements Callee<MintCalls> {
  readonly dialect: Dialect<MintCalls> = MINT_DIALECT;
  readonly #desk: MintDesk;
  readonly #lock: DirectoryLock | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(desk: MintDesk, lock: DirectoryLock | undefined) {
    this.#desk = desk;
    this.#lock = lock;
  }

  /** @throws SignerError by the method, `signer_closed`. */
  call<M extends MethodOf<MintCalls>>(
    method: M,
    request: MintCalls[M]['request'],
  ): Promise<MintCalls[M]['answer']> {
    return this.#inTurn(() => HANDLERS[method](this.#desk, request));
  }

  /** On the signer's own host alone: no hub can undo a kill. */
  revive(reason: string): Promise<undefined> {
    return this.#inTurn(() => this.#desk.revive(reason));
  }

  /** Ends after the act in hand. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#tail;
    await this.#lock?.release();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new SignerError('signer_closed', 'the signer is closed'));
    const turn = this.#tail.then(task);
    this.#tail = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}

/**
 * Makes the next key of the minter and signs with it from now on; the contract's keyset and the gas account have to follow.
 * @returns the new public key, hex. @throws SignerError as `openMintService` does, and `mint_attempt_alive`.
 */
export async function rotateMinterKey(options: MintServiceOptions & { random: Random }): Promise<string> {
  const { unlock, random } = options;
  const { desk, place, key, lock } = await openDesk(options);
  try {
    const number = key + 1;
    const next = await makeMinterKey(place, { number, unlock, random });
    const publicKey = toHex(next.publicKey);
    await desk.rotate({ publicKey, key: number });
    return publicKey;
  } finally {
    await lock?.release();
  }
}
