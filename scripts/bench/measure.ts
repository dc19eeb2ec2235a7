/** Something to be measured: `run` does it once. */
export interface Candidate {
  readonly name: string;
  run(): unknown;
}

export interface Rounds {
  /** Times that every candidate gets its turn: interleaved, so that a noisy neighbour hits them all. */
  readonly rounds: number;
  /** Calls in one turn. */
  readonly calls: number;
}

/**
 * CPU microseconds a call of each candidate, in-process garbage collection included: the median over the turns, the
 * first two of which only warm up.
 */
export function cpuMicros(candidates: readonly Candidate[], { rounds, calls }: Rounds): Map<string, number> {
  const turns = new Map(candidates.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds + 2; round += 1)
    for (const { name, run } of candidates) {
      const before = process.cpuUsage();
      for (let call = 0; call < calls; call += 1) run();
      const { user, system } = process.cpuUsage(before);
      if (round >= 2) turns.get(name)!.push((user + system) / calls);
    }
  return new Map([...turns].map(([name, micros]) => [name, median(micros)]));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** What is done in one CPU second. */
export function perSecond(micros: number): number {
  return Math.round(1e6 / micros);
}
