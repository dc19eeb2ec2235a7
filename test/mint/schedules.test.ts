import { deltasDigest, deltasText, enrolmentDigest, epochOf } from '@stoa/protocol/mint';
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../chainweb/index.ts';
import { crowding, draining, type PactWorld, troubles, Weather } from '../chainweb/pact/index.ts';
import { key, worldOf } from '../chainweb/pact/kit.ts';
import { GAS_LIMIT, MODULE, registerOf, Sweep } from './sweep.ts';

/** More of them: SCHEDULES=1000. Some of these spend all attempts of a transaction. */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 20);
const HARD = [175, 580];
const CHAINS = [0, 1, 5];
/** Two buckets, the second filled in part. */
const FILLED = [50, 10];
const DIGEST = 'd'.repeat(43);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const [minter, rich] = [key(7), key(8)];
const names = Array.from({ length: 60 }, (_each, i) => `k:${i.toString(16).padStart(64, '0')}`);

/** A chain, a sweep on it that is killed now and then, and weather over both. */
class Schedule {
  readonly world: PactWorld;
  readonly sweep: Sweep;
  readonly weather: Weather;
  /** Points that were planned, by chain and slot. */
  readonly planned = new Map<number, number[]>();
  readonly #random: Random;
  #mortal = false;

  constructor(seed: number) {
    const random = createRandom(seed);
    this.#random = random;
    this.world = worldOf([minter, rich], { seed, modules: [registerOf(minter)], nodes: [{}, {}, {}] });
    this.sweep = new Sweep(this.world, { minter, dies: () => this.#mortal && random() < 0.02 });
    const among = [...troubles, crowding(rich), draining(minter, rich)];
    const often = { everyMs: 4 * MINUTE, lastsMs: 8 * MINUTE };
    this.weather = new Weather(this.world, { random, among, ...often });
  }

  async enrol(): Promise<void> {
    const digest = enrolmentDigest(names);
    for (const chain of CHAINS) this.sweep.add(chain, { kind: 'enrol', first: 0, accounts: names, digest });
    await this.#until(() => this.sweep.states.every((each) => each.endsWith('final')), 60);
  }

  /** An hour of trouble, and then as long as it takes; the next day follows. */
  async day(): Promise<void> {
    const epoch = epochOf(this.world.clock.now());
    for (const chain of CHAINS) this.#plan(epoch, chain);
    this.#mortal = true;
    await this.#until(() => false, 60, this.weather);
    this.#mortal = false;
    this.weather.calm();
    await this.#until(() => this.sweep.settled || this.sweep.stuck, 400);
    const { network, clock } = this.world;
    network.slowDown(40);
    clock.advance(DAY - (clock.now() % DAY) + 60 * MINUTE);
    network.slowDown(1);
    this.world.advance(2 * MINUTE);
  }

  /** As the winning fork has them. */
  registers(chain: number): number[] {
    const { ledger, main } = this.world.network;
    const rows = ledger
      .stateOf(main.tip(chain).header)
      .tables.get(`${MODULE.namespace}.${MODULE.module}_buckets`);
    return FILLED.flatMap((_each, bucket) => (rows?.get(String(bucket))?.['points'] ?? []) as number[]);
  }

  /** What was paid for on the winning fork. */
  gas(chain: number): number {
    const { ledger, main } = this.world.network;
    const { outcomes } = ledger.stateOf(main.tip(chain).header);
    return total(
      [...this.sweep.signed.values()].map(({ command }) => outcomes.get(command.hash)?.outcome.gas ?? 0),
    );
  }

  #plan(epoch: number, chain: number): void {
    const buckets = FILLED.map((filled) => this.#bucket(filled));
    const [points, before] = [buckets.flat(), this.planned.get(chain)];
    this.planned.set(
      chain,
      points.map((each, slot) => each + (before?.[slot] ?? 0)),
    );
    this.sweep.add(chain, { kind: 'open', epoch, cap: total(points), bounds: [0, 1, 2], digest: DIGEST });
    for (const [batch, bucket] of buckets.entries()) {
      const deltas = deltasText([`[${bucket.join(' ')}]`]);
      const digest = deltasDigest(deltas);
      this.sweep.add(chain, { kind: 'mint', epoch, batch, deltas, sum: total(bucket), digest });
    }
  }

  #bucket(filled: number): number[] {
    return Array.from({ length: 50 }, (_each, i) => (i < filled ? 1 + Math.floor(this.#random() * 99) : 0));
  }

  async #until(done: () => boolean, minutes: number, weather?: Weather): Promise<void> {
    for (let i = 0; i < minutes && !done(); i += 1) {
      this.world.advance(MINUTE);
      weather?.tick();
      await this.sweep.tick();
    }
  }
}

describe('two days of the mint, whatever goes wrong', () => {
  it.each([...Array.from({ length: SCHEDULES }, (_each, i) => i + 1), ...HARD])(
    'schedule %d: what was planned is applied once, for no more gas than planned; it settles, or a person is called',
    async (seed) => {
      const schedule = new Schedule(seed);
      await schedule.enrol();
      const { sweep, weather } = schedule;
      for (let day = 0; day < 2 && !sweep.stuck; day += 1) {
        await schedule.day();
        const open = sweep.states.filter((each) => !each.endsWith('settled'));
        if (!sweep.stuck) expect(open, weather.log.join('\n')).toEqual([]);
      }
      for (const chain of CHAINS) {
        const [registers, planned] = [schedule.registers(chain), schedule.planned.get(chain)!];
        if (sweep.stuck) expect(registers.every((each, slot) => each <= planned[slot]!)).toBe(true);
        else expect(registers).toEqual(planned);
        expect(schedule.gas(chain)).toBeLessThanOrEqual(GAS_LIMIT * sweep.transactions(chain));
      }
    },
  );
});

function total(points: readonly number[]): number {
  return points.reduce((sum, each) => sum + each, 0);
}
