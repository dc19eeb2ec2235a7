import { toHex } from '@stoa/protocol';
import { documentTargets } from './documents.ts';
import { evidenceTargets } from './evidence.ts';
import { handshakeTargets } from './handshake.ts';
import { messageTargets } from './messages.ts';
import type { Outcome, Target } from './oracle.ts';
import { Prng } from './prng.ts';
import { releaseTargets } from './releases.ts';
import { sessionTargets } from './session.ts';
import { workTargets } from './work.ts';

export const TARGETS: readonly Target[] = [
  ...messageTargets,
  ...sessionTargets,
  ...documentTargets,
  ...evidenceTargets,
  ...handshakeTargets,
  ...workTargets,
  ...releaseTargets,
];

/** Something that must not happen; `fuzz({ seed, first: run, runs: 1 })` makes it happen again. */
export interface Crash {
  readonly target: string;
  readonly seed: number;
  readonly run: number;
  readonly error: unknown;
  /** What was fed, in order, in hex. */
  readonly input: readonly { readonly what: string; readonly bytes: string }[];
}

export interface Tally {
  runs: number;
  accepted: number;
}

export interface FuzzReport {
  readonly runs: number;
  readonly accepted: number;
  readonly crashes: readonly Crash[];
  readonly targets: Readonly<Record<string, Tally>>;
}

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** Number of the first run, 0 unless one is to be repeated. */
  readonly first?: number;
  /** All of `TARGETS` unless told. */
  readonly targets?: readonly Target[];
  /** Ends the search early; 10 unless told. */
  readonly maxCrashes?: number;
  onProgress?(done: number, crashes: number): void;
}

/** Each run has a generator of its own, so that any one of them can be repeated alone. */
export function fuzz(options: FuzzOptions): FuzzReport {
  const { runs, seed, first = 0, maxCrashes = 10, targets = TARGETS } = options;
  const pick = wheel(targets);
  const tallies = Object.fromEntries(
    targets.map(({ name }): [string, Tally] => [name, { runs: 0, accepted: 0 }]),
  );
  const crashes: Crash[] = [];
  let accepted = 0;
  let done = 0;
  for (; done < runs && crashes.length < maxCrashes; done += 1) {
    const run = first + done;
    const prng = new Prng(seed, run);
    const target = pick(prng);
    const outcome = runOne(target, prng, { seed, run }, crashes);
    const tally = tallies[target.name]!;
    tally.runs += 1;
    if (outcome === 'accepted') {
      tally.accepted += 1;
      accepted += 1;
    }
    if (done % 1_000 === 999) options.onProgress?.(done + 1, crashes.length);
  }
  return { runs: done, accepted, crashes, targets: tallies };
}

function runOne(
  target: Target,
  prng: Prng,
  at: { seed: number; run: number },
  crashes: Crash[],
): Outcome | undefined {
  const fed: [string, Uint8Array][] = [];
  try {
    return target.run(prng, (what, bytes) => fed.push([what, bytes]));
  } catch (error) {
    const input = fed.map(([what, bytes]) => ({ what, bytes: toHex(bytes) }));
    crashes.push({ target: target.name, ...at, error, input });
    return undefined;
  }
}

/** Draws a target by its share. */
function wheel(targets: readonly Target[]): (prng: Prng) => Target {
  const bounds: number[] = [];
  for (const { share } of targets) bounds.push((bounds.at(-1) ?? 0) + share);
  return (prng) => {
    const at = (prng.below(2 ** 24) / 2 ** 24) * bounds.at(-1)!;
    return targets[bounds.findIndex((bound) => at < bound)]!;
  };
}
