import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { type Vault, VaultError } from '../vault/index.ts';
import { type ChannelKind, DeliveryError, type Send } from './channel.ts';
import { CHANNEL_SECRETS } from './channel-store.ts';
import { type ClaimedDelivery, DeliveryStore } from './delivery-store.ts';

/** One attempt. SMTP has more turns than HTTP; its seam gives up after 20 s of silence. */
const PATIENCE_MS: Readonly<Record<ChannelKind, number>> = {
  email: 30_000,
  webhook: 10_000,
  telegram: 10_000,
  discord: 10_000,
};
/** Attempts under way at once: e-mail apart, since all of it goes to one server that may hang. */
const LANES: readonly { readonly kinds: readonly ChannelKind[]; readonly slots: number }[] = [
  { kinds: ['email'], slots: 8 },
  { kinds: ['webhook', 'telegram', 'discord'], slots: 48 },
];
/** Of one owner, so that his hanging receivers hold nobody else up. */
const SLOTS_AN_OWNER = 3;

const MINUTE = 60_000;
const BACK_OFF_MS = [30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE];
const LONGEST_WAIT_MS = 60 * MINUTE;
const GIVEN_UP_AFTER_MS = 24 * 60 * MINUTE;

/**
 * Sends what waits in the outbox, at least once: a claim that nobody settles runs out, and another attempt follows under
 * the same id. A tick starts attempts and waits for none, so a receiver that hangs delays only what is meant for it.
 */
export class Dispatcher implements Task {
  readonly name = 'alert-dispatcher';
  readonly periodMs = 1_000;
  readonly #store: DeliveryStore;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #send: Readonly<Record<ChannelKind, Send>>;
  readonly #underWay = new Map<ClaimedDelivery, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(by: {
    sql: Sql;
    vault: Vault;
    clock: Clock;
    log: Log;
    send: Readonly<Record<ChannelKind, Send>>;
  }) {
    this.#vault = by.vault;
    this.#store = new DeliveryStore(by.sql);
    this.#clock = by.clock;
    this.#log = by.log;
    this.#send = by.send;
  }

  async tick(): Promise<void> {
    for (const { kinds, slots } of LANES) {
      const busy = [...this.#underWay.keys()];
      const free = slots - busy.filter(({ kind }) => kinds.includes(kind)).length;
      if (free <= 0 || this.#stopped.signal.aborted) continue;
      const claimed = await this.#store.claim({
        kinds,
        now: this.#clock.now(),
        most: free,
        busyChannels: busy.map(({ channelId }) => channelId),
        fullOwners: fullOwners(busy),
        mostAnOwner: SLOTS_AN_OWNER,
      });
      for (const delivery of claimed) this.#start(delivery);
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** Ends what is under way; it is sent again by whichever instance comes next. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.idle();
  }

  #start(delivery: ClaimedDelivery): void {
    const attempt = this.#attempt(delivery)
      .catch((error: unknown) =>
        this.#log.error(
          { delivery: delivery.id, err: error },
          'the end of a delivery could not be noted; it is sent again',
        ),
      )
      .finally(() => this.#underWay.delete(delivery));
    this.#underWay.set(delivery, attempt);
  }

  async #attempt(delivery: ClaimedDelivery): Promise<void> {
    const given = new AbortController();
    const late = Promise.withResolvers<never>();
    const cancel = this.#clock.after(PATIENCE_MS[delivery.kind], () => given.abort());
    const signal = AbortSignal.any([given.signal, this.#stopped.signal]);
    signal.addEventListener('abort', () =>
      late.reject(new DeliveryError('no answer in time', { retry: true, cause: signal.reason })),
    );
    late.promise.catch(() => undefined);
    try {
      const target = { ...delivery, secret: this.#secretOf(delivery) };
      await Promise.race([this.#send[delivery.kind](target, delivery, signal), late.promise]);
      await this.#store.sent(delivery, this.#clock.now());
    } catch (error) {
      await this.#failed(delivery, error);
    } finally {
      cancel();
    }
  }

  #secretOf({ channelId, sealed }: ClaimedDelivery): string {
    try {
      return sealed === '' ? '' : this.#vault.open(sealed, CHANNEL_SECRETS, channelId);
    } catch (cause) {
      if (!(cause instanceof VaultError)) throw cause;
      this.#log.error({ err: cause }, 'the secret of a channel cannot be opened');
      throw new DeliveryError('the secret of the channel cannot be opened: set the channel up anew', {
        // Another hub of the region, or this one once its key file is back, may have the key.
        retry: true,
        cause,
      });
    }
  }

  async #failed(delivery: ClaimedDelivery, error: unknown): Promise<void> {
    const known = error instanceof DeliveryError ? error : undefined;
    if (known === undefined)
      this.#log.error({ delivery: delivery.id, err: error }, 'a delivery failed unforeseen');
    const now = this.#clock.now();
    const why = known?.message ?? 'a fault inside the hub; its log has the cause';
    const nextAt = now + waitMs(delivery.attempts, known?.retryAfterMs);
    const again = (known?.retry ?? true) && nextAt < delivery.createdAt + GIVEN_UP_AFTER_MS;
    await this.#store.failed(delivery, { why, nextAt: again ? nextAt : undefined, now });
  }
}

function fullOwners(busy: readonly ClaimedDelivery[]): string[] {
  return [...Map.groupBy(busy, ({ owner }) => owner)]
    .filter(([, theirs]) => theirs.length >= SLOTS_AN_OWNER)
    .map(([owner]) => owner);
}

export function waitMs(attempts: number, asked: number | undefined): number {
  const own = BACK_OFF_MS[attempts - 1] ?? LONGEST_WAIT_MS;
  return Math.min(Math.max(own, asked ?? 0), LONGEST_WAIT_MS);
}
