import { type Codec, decode, encode, equalBytes, ProtocolError } from '@stoa/protocol';
import type { Prng } from './prng.ts';

export type Outcome = 'accepted' | 'refused';

/** What a target was fed, for the report of a crash. */
export type Trace = (what: string, bytes: Uint8Array) => void;

export interface Target {
  readonly name: string;
  /** Its part of the runs, relative to the others; the fewer, the more an input costs. */
  readonly share: number;
  /** Makes one input, feeds it and judges. @throws whatever must not happen. */
  run(prng: Prng, trace: Trace): Outcome;
}

/** The code under test did not throw, and what it did is wrong. */
export class OracleError extends Error {
  override readonly name = 'OracleError';
}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new OracleError(what);
}

/** The outcome of an act of which only a ProtocolError may escape. */
export function attempt(act: () => void): Outcome {
  try {
    act();
    return 'accepted';
  } catch (error) {
    if (error instanceof ProtocolError) return 'refused';
    throw error;
  }
}

/** An accepted input re-encodes to itself, or to its front where a newer peer may have appended fields. */
export function demandCanonical<T>(codec: Codec<T>, value: T, input: Uint8Array, exact = false): void {
  const written = encode(codec, value);
  demand(
    equalBytes(written, input.subarray(0, written.length)) && (!exact || written.length === input.length),
    'the accepted input is not the encoding of what was read',
  );
}

/** Decodes as the program does, and demands the canonical front. */
export function demandReadable<T>(codec: Codec<T>, input: Uint8Array): Outcome {
  return attempt(() => demandCanonical(codec, decode(codec, input), input));
}
