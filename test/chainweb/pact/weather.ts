import { exponential, type Random } from '../random.ts';
import { type Trouble, troubles } from './troubles.ts';
import type { PactWorld } from './world.ts';

export interface WeatherOptions {
  readonly random: Random;
  /** Which troubles there are; those of nodes and chains without. */
  readonly among?: readonly Trouble[];
  /** Mean time between two that begin. */
  readonly everyMs?: number;
  /** Mean time that one lasts. */
  readonly lastsMs?: number;
}

/** Troubles that begin and end by chance as the clock goes: a schedule of faults is a seed. */
export class Weather {
  /** What began when, for whoever has to understand a schedule. */
  readonly log: string[] = [];
  readonly #world: PactWorld;
  readonly #options: Required<WeatherOptions>;
  readonly #lasting: { readonly until: number; readonly end: () => void }[] = [];
  #nextAt: number;

  constructor(world: PactWorld, options: WeatherOptions) {
    this.#world = world;
    this.#options = { among: troubles, everyMs: 300_000, lastsMs: 180_000, ...options };
    this.#nextAt = this.#soon();
  }

  /** Ends what is over and begins what is due: to be called as time goes on. */
  tick(): void {
    const now = this.#world.clock.now();
    this.#end(({ until }) => until <= now);
    for (; this.#nextAt <= now; this.#nextAt = this.#soon()) this.#begin(now);
  }

  /** Ends all of it, and no more begins before the next tick. */
  calm(): void {
    this.#end(() => true);
    this.#world.network.heal();
    this.#nextAt = this.#soon();
  }

  #begin(now: number): void {
    const { random, among, lastsMs } = this.#options;
    const trouble = among[Math.floor(random() * among.length)];
    if (trouble === undefined) return;
    this.log.push(`${new Date(now).toISOString()} ${trouble.name}`);
    const end = trouble.begin(this.#world, random);
    this.#lasting.push({ until: now + exponential(random, lastsMs), end });
  }

  /** The last that began ends first: it may have found what an earlier one changed. */
  #end(over: (each: { readonly until: number }) => boolean): void {
    for (let i = this.#lasting.length - 1; i >= 0; i -= 1) {
      const each = this.#lasting[i]!;
      if (!over(each)) continue;
      this.#lasting.splice(i, 1);
      each.end();
    }
  }

  #soon(): number {
    const { random, everyMs } = this.#options;
    return this.#world.clock.now() + exponential(random, everyMs);
  }
}
