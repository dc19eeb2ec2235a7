/** Uniform over [0, 1), reproducible from its seed (mulberry32). */
export type Random = () => number;

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Waiting time of a Poisson process. It has no memory: what remains after any pause is distributed alike. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}
