import { GATES } from '@stoa/protocol';
import { type MinuteKind, type WarmUps, warmUpColumns } from '@stoa/protocol/stoicism';

export const CHAINS = 10;
export const GATE_COUNT = GATES.length;

/** What is known of a node, as bits: each is needed for its gate, so that what was never heard fails. */
export const KNOWN = {
  account: 1,
  benchmark: 2,
  commitment: 4,
  argv: 8,
  chainwebUp: 16,
  /** Chainweb is stopped for a benchmark. */
  benchmarking: 32,
  peers: 64,
  /** What was stored of it is here. */
  loaded: 128,
} as const;

/** What a slot stands for. `away`: its session ended, and what it left is still to be written. */
export const SLOT = { free: 0, live: 1, away: 2 } as const;

/** What a minute is to the warm-up; a column holds its place here. */
export const KINDS: readonly MinuteKind[] = ['good', 'still', 'off', 'benchmark'];
export const KIND = { good: 0, still: 1, off: 2, benchmark: 3 } as const;

export interface Columns {
  readonly slot: Uint8Array;
  readonly known: Uint8Array;
  readonly openedAt: Float64Array;
  readonly heardAt: Float64Array;
  /** Its last heartbeat: what it reports is as old. */
  readonly beatAt: Float64Array;
  /** Its port answered from outside; that counts until then. */
  readonly servedUntil: Float64Array;
  /** Numbers of its tips (`TipMarks`), ten a node. */
  readonly tips: Uint32Array;
  /** When its score was measured: what it was paid for, it must go on to have room for. */
  readonly scoredGb: Float64Array;
  readonly promisedGb: Float64Array;
  readonly drivePromisedGb: Float64Array;
  readonly warm: WarmUps;
  /** Of the last judgement. */
  readonly reasons: Uint8Array;
  /** What that minute is to the warm-up. */
  readonly kind: Uint8Array;
  /** Minute since 1970 that was judged and awaits a frame after it; 0: none. */
  readonly awaiting: Uint32Array;
  /** Last minute that was set. */
  readonly setMinute: Uint32Array;
  readonly setReasons: Uint8Array;
  /** The words of one hour, as two halves of thirty bits. */
  readonly hubHour: Uint32Array;
  readonly judged: Uint32Array;
  readonly failures: Uint32Array;
  /** 0: written; 1: within some ticks; 2: with the next. */
  readonly dirty: Uint8Array;
}

export function makeColumns(length: number): Columns {
  return {
    slot: new Uint8Array(length),
    known: new Uint8Array(length),
    openedAt: new Float64Array(length),
    heardAt: new Float64Array(length),
    beatAt: new Float64Array(length),
    servedUntil: new Float64Array(length),
    tips: new Uint32Array(length * CHAINS),
    scoredGb: new Float64Array(length),
    promisedGb: new Float64Array(length),
    drivePromisedGb: new Float64Array(length),
    warm: warmUpColumns(length),
    reasons: new Uint8Array(length),
    kind: new Uint8Array(length),
    awaiting: new Uint32Array(length),
    setMinute: new Uint32Array(length),
    setReasons: new Uint8Array(length),
    hubHour: new Uint32Array(length),
    judged: new Uint32Array(length * 2),
    failures: new Uint32Array(length * 2 * GATE_COUNT),
    dirty: new Uint8Array(length),
  };
}

export function copyColumns(from: object, to: object): void {
  for (const [name, column] of Object.entries(from)) {
    const target: unknown = Reflect.get(to, name);
    if (ArrayBuffer.isView(column) && ArrayBuffer.isView(target))
      (target as Uint8Array).set(column as Uint8Array);
  }
}
