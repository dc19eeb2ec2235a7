import type { NodeHour } from '#gates/index.ts';
import type { Bonuses, PayeeLookup } from '#ledger/index.ts';
import type { Clock } from '../clock.ts';
import { hubHourOf } from '../hub-hour.ts';
import type { Task } from '../ticker.ts';
import { LOST_HOURS, seedOf, WAITS_HOURS, WARM_UP_HOURS, wasAtTip } from './donation.ts';
import type { DonationStore, MadeSeed, Reseed, StoredDonation } from './donation-store.ts';

export interface DonationsDeps {
  readonly store: DonationStore;
  readonly hours: {
    span(
      nodeId: string,
      hours: { readonly from: number; readonly until: number },
    ): Promise<readonly NodeHour[]>;
  };
  readonly payees: PayeeLookup;
  readonly bonuses: Pick<Bonuses, 'donate'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Of a tick: the next one takes the rest. */
const RESEEDS = 200;

/**
 * Pays who gave a seed once the node that took it is warm. Minutes of before the reseed are looked at when it is first seen,
 * since their words go after a week; the rest waits in a row. One process of the region runs it.
 */
export class Donations implements Task {
  readonly name = 'donations';
  readonly periodMs = 600_000;
  readonly #deps: DonationsDeps;

  constructor(deps: DonationsDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    await this.#takeIn();
    for (const donation of await this.#deps.store.waiting()) await this.#settle(donation);
  }

  async #takeIn(): Promise<void> {
    const { store, clock } = this.#deps;
    const fresh = (await store.fresh(RESEEDS)).map((reseed) => ({
      reseed,
      sha256: seedOf(reseed.params) ?? '',
    }));
    if (fresh.length === 0) return;
    const seeds = await store.seeds([...new Set(fresh.map(({ sha256 }) => sha256))].filter(Boolean));
    for (const { reseed, sha256 } of fresh)
      await store.keep(await this.#judged(reseed, sha256, seeds), clock.now());
  }

  async #judged(
    { jobId, nodeId, owner, beganAt, endedAt }: Reseed,
    sha256: string,
    seeds: readonly MadeSeed[],
  ): Promise<StoredDonation> {
    // Who reports the hash of another's seed later has not made it.
    const made = seeds.find((seed) => seed.sha256 === sha256 && seed.madeAt < beganAt);
    const about = {
      ...{ jobId, receiver: nodeId, receiverOwner: owner, sha256, beganAt, endedAt, hour: undefined },
      ...{ donor: made?.nodeId, donorOwner: made?.owner },
    };
    if (made === undefined) return { ...about, state: 'unknown' };
    if (made.owner === owner || made.nodeId === nodeId) return { ...about, state: 'own' };
    const until = hubHourOf(beganAt);
    const before = await this.#deps.hours.span(nodeId, { from: until - LOST_HOURS, until });
    return { ...about, state: wasAtTip(before) ? 'at-tip' : 'waits' };
  }

  async #settle({ jobId, donor, receiver, endedAt }: StoredDonation): Promise<void> {
    const { store, payees, bonuses, clock } = this.#deps;
    const now = clock.now();
    const hour = hubHourOf(now);
    const ended = hubHourOf(endedAt);
    const until = Math.min(hour, ended + WAITS_HOURS);
    const warm = await store.firstPaidHour(receiver, { from: ended + WARM_UP_HOURS, until });
    const lapsed = hour > ended + WAITS_HOURS;
    if (warm === undefined) {
      if (lapsed) await store.decide(jobId, { state: 'cold', hour: undefined, now });
      return;
    }
    const to = (await payees.at(warm, [receiver])).get(receiver);
    const by = (await payees.at(hour, [donor!])).get(donor!);
    if (to === undefined || by === undefined) {
      if (lapsed) await store.decide(jobId, { state: 'no-account', hour: warm, now });
      return;
    }
    // Two people of one account are one.
    const own = to.accountId === by.accountId;
    const state = own
      ? 'own'
      : await bonuses.donate({ receiver: { nodeId: receiver, ownerId: to.ownerId }, donor: by, hour: warm });
    await store.decide(jobId, { state, hour: warm, now });
  }
}
