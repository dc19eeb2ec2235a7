import type { DbAdapter } from '@stoa/hub';
import { POINT } from '@stoa/protocol/stoicism';
import { createRandom, type Random } from '../chainweb/index.ts';
import { FIRST_EPOCH, fleet, Site } from './site.ts';
import { type SiteTrouble, siteTroubles } from './troubles.ts';
import { judge, type Verdict } from './verdict.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const CUT_HOUR = 6;
/** Between two looks while something is under way, at most. */
const LOOK_MS = 60_000;
/** When nothing but depth is missing. */
const QUIET_MS = 12 * MINUTE_MS;
/** Between two looks when nothing has changed for a while: something waits for its end. */
const WAITING_MS = 5 * MINUTE_MS;
/** What has not changed for so long does not change any more: an attempt lives for half an hour, 120 blocks take one. */
const ENOUGH_MS = 3 * HOUR_MS;
/** Shares of the looks. */
const HUB_KILLS = 0.1;
const SIGNER_KILLS = 0.04;
/** Statements and requests of a hub with all lanes at work, and writes of a signer. */
const STEPS_A_TICK = 600;
const STEPS_AN_ANSWER = 12;
/** Of a stand-still day: blocks are this many times slower, since nothing happens in them. */
const QUIET_PACE = 40;

export interface Course {
  readonly seed: number;
  /** What went wrong, with the virtual minute at which it began. */
  readonly story: readonly string[];
  readonly verdict: Verdict;
  readonly ticks: number;
  readonly kills: number;
}

/** Everything of a schedule is drawn from its seed. */
export async function runSchedule(database: DbAdapter, seed: number): Promise<Course> {
  const random = createRandom(seed * 2_654_435_761 + 1);
  using site = await Site.open({ database, seed });
  const schedule = new Schedule(site, random);
  await schedule.run();
  const { story, ticks, kills } = schedule;
  return { seed, story, verdict: await judge(site), ticks, kills };
}

class Schedule {
  readonly story: string[] = [];
  ticks = 0;
  kills = 0;
  readonly #site: Site;
  readonly #random: Random;
  readonly #accounts = fleet();
  readonly #running: { endsAt: number; misleads: boolean; end: () => Promise<void> | void }[] = [];
  #coming: { at: number; trouble: SiteTrouble; ms: number }[] = [];

  constructor(site: Site, random: Random) {
    this.#site = site;
    this.#random = random;
  }

  async run(): Promise<void> {
    const random = this.#random;
    const days = random() < 0.3 ? 2 : 1;
    const standStill = random() < 0.05;
    await this.#site.settle(this.#accounts);
    await this.#earn();
    this.#draw({ most: 2, withinMs: 6 * MINUTE_MS, mostMs: 10 * MINUTE_MS });
    await this.#until(() => this.#seated());
    for (let day = 0; day < days; day += 1) {
      await this.#quietUntil((FIRST_EPOCH + day) * DAY_MS + CUT_HOUR * HOUR_MS);
      await this.#site.closeHours(FIRST_EPOCH + day);
      if (random() < 0.04) await this.#inflate();
      if (standStill && day === 0) this.#stall();
      this.#draw({ most: 5, withinMs: 15 * MINUTE_MS, mostMs: 25 * MINUTE_MS });
      if (!standStill || day === days - 1) await this.#until(() => this.#ended(day));
      if (day < days - 1) await this.#earn();
    }
  }

  get #now(): number {
    return this.#site.clock.now();
  }

  async #earn(): Promise<void> {
    const amounts = this.#accounts.map((i): [number, bigint] => {
      const whole = this.#random() < 0.1 ? 0 : Math.floor(this.#random() * 400);
      return [i, BigInt(whole) * POINT + BigInt(Math.floor(this.#random() * 1e12))];
    });
    await this.#site.earn(new Map(amounts));
  }

  async #inflate(): Promise<void> {
    const i = this.#accounts[Math.floor(this.#random() * this.#accounts.length)]!;
    this.story.push(`${this.#minute} the ledger of account ${i} is inflated`);
    await this.#site.inflate(i, 500);
  }

  #stall(): void {
    const { network } = this.#site.chain;
    this.story.push(`${this.#minute} all chains stand still over two cuts`);
    const chains = [...network.network.graph.keys()];
    for (const chain of chains) network.stall(chain);
    const end = () => chains.forEach((chain) => void network.resume(chain));
    this.#running.push({ endsAt: this.#now + 25 * HOUR_MS, misleads: false, end });
  }

  /** What will go wrong from now on. */
  #draw({ most, withinMs, mostMs }: { most: number; withinMs: number; mostMs: number }): void {
    const random = this.#random;
    const drawn = Array.from({ length: 1 + Math.floor(random() * most) }, () => ({
      at: this.#now + Math.floor(random() * withinMs),
      trouble: siteTroubles[Math.floor(random() * siteTroubles.length)]!,
      ms: Math.floor(random() * mostMs),
    }));
    this.#coming = [...this.#coming, ...drawn].toSorted((a, b) => a.at - b.at);
  }

  /** Looks again and again until it is so and nothing goes wrong any more, or enough time has passed since. */
  async #until(done: () => Promise<boolean>): Promise<void> {
    let [changedAt, untroubledSince, states] = [this.#now, this.#now, ''];
    while (this.#now - Math.max(changedAt, untroubledSince) <= ENOUGH_MS) {
      const waiting = this.#now - changedAt > QUIET_MS && this.#coming.length === 0;
      await this.#step(waiting ? WAITING_MS : Math.floor(LOOK_MS * (0.4 + 0.6 * this.#random())));
      const now = await this.#states();
      if (now !== states) [changedAt, states] = [this.#now, now];
      if (this.#coming.length > 0 || this.#running.length > 0) {
        untroubledSince = this.#now;
        continue;
      }
      if (await done()) return;
      if (await this.#onlyDepthIsMissing()) await this.#step(QUIET_MS);
    }
  }

  /** Of all transactions together: a change is a step towards the end. */
  async #states(): Promise<string> {
    const [row] = await this.#site.world.sql<{ states: string }[]>`
      select md5(string_agg(state || attempt, ' ' order by seq)) as states from mint_batches`;
    return row!.states;
  }

  async #quietUntil(at: number): Promise<void> {
    const { network } = this.#site.chain;
    if (at - this.#now > 2 * HOUR_MS) {
      network.slowDown(QUIET_PACE);
      this.#site.advance(at - HOUR_MS - this.#now);
      network.slowDown(1);
    }
    while (this.#now < at) await this.#step(Math.min(QUIET_MS, at - this.#now));
  }

  async #step(ms: number): Promise<void> {
    const site = this.#site;
    site.advance(ms);
    await this.#trouble();
    this.#kill();
    // Several hubs at once: whoever has the lease works.
    const hubs = this.#random() < 0.5 ? site.hubs : site.hubs.toReversed();
    await Promise.all(hubs.map((hub) => hub.tick()));
    await site.approve();
    this.ticks += 1;
  }

  /** Beside all else: processes end at any step, and begin anew at the next look. */
  #kill(): void {
    const { hubs, signer } = this.#site;
    if (this.#random() < HUB_KILLS) {
      const steps = Math.floor(this.#random() ** 2 * STEPS_A_TICK);
      for (const hub of hubs) hub.killAfter(steps);
      this.kills += 1;
    }
    if (this.#random() < SIGNER_KILLS) {
      signer.crashAfter(Math.floor(this.#random() * STEPS_AN_ANSWER));
      this.#running.push({ endsAt: this.#now, misleads: false, end: () => signer.turnOn() });
      this.kills += 1;
    }
  }

  async #trouble(): Promise<void> {
    for (const each of this.#running.splice(0)) {
      if (each.endsAt <= this.#now) await each.end();
      else this.#running.push(each);
    }
    while (this.#coming[0] !== undefined && this.#coming[0].at <= this.#now) {
      const { trouble, ms } = this.#coming.shift()!;
      const { name, misleads = false } = trouble;
      // Two nodes that mislead outvote the third: no mint holds against that.
      if (misleads && this.#running.some((each) => each.misleads)) continue;
      this.story.push(`${this.#minute} ${name}, for ${Math.round(ms / MINUTE_MS)} min`);
      const end = await trouble.begin(this.#site, this.#random);
      this.#running.push({ endsAt: this.#now + ms, misleads, end });
    }
  }

  get #minute(): string {
    return `+${Math.round((this.#now - FIRST_EPOCH * DAY_MS) / MINUTE_MS)}`;
  }

  async #seated(): Promise<boolean> {
    const { sql } = this.#site.world;
    const [row] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from mint_batches where kind = 'enrol' and state not in ('final', 'settled')`;
    const [slots] = await sql<{ open: number }[]>`
      select count(*)::int as open from mint_slots where state <> 'final'`;
    return row!.waiting === 0 && slots!.open === 0;
  }

  async #ended(day: number): Promise<boolean> {
    const { epochs } = this.#site.world;
    const known = await epochs.list(10);
    return (
      known.some(({ epoch }) => epoch === FIRST_EPOCH + day) &&
      known.every(({ state }) => state === 'settled' || state === 'cancelled')
    );
  }

  async #onlyDepthIsMissing(): Promise<boolean> {
    const { sql } = this.#site.world;
    const [row] = await sql<{ moving: number }[]>`select count(*)::int as moving from mint_batches
      where state not in ('final', 'settled', 'stopped')`;
    return row!.moving === 0;
  }
}
