import { utf8 } from '#bytes.ts';

/** What an event of a region's ledger can be, in the order of their numbers in its bytes: a new one goes to the end. */
export const LEDGER_KINDS = [
  'accrual',
  'fee',
  'pending',
  'pending-fee',
  'matured',
  'donation',
  'mining',
  'adjustment',
  'reserved',
  'settled',
  'released',
  'reset',
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/** All that an event says but its owner's e-mail, which is personal and may go. */
export interface ChainedEvent {
  /** From 1 on. */
  readonly sequence: number;
  readonly kind: LedgerKind;
  /** Whole hours since 1970. */
  readonly hour: number;
  readonly revision: number;
  /** 64 hex digits; empty where no node earned it. */
  readonly nodeId: string;
  /** 32 hex digits; empty of no account. */
  readonly accountId: string;
  readonly ref: string;
  /** Units of 1e-12 points, of 38 digits at most. */
  readonly amount: bigint;
  readonly basis: { readonly minutes: bigint; readonly microScore: number; readonly scoreVersion: number };
  /** Milliseconds since 1970. */
  readonly ranAt: number;
}

/** What the first event follows. */
export const LEDGER_GENESIS: Uint8Array = new Uint8Array(32);

const FORMAT = 1;
const HASH = 32;
const ACCOUNT = 16;
/** Before what it refers to: format, kind, revision, sequence, hour, time, amount, word, score, version, account, node. */
const FIXED = 1 + 1 + 2 + 8 + 4 + 8 + 16 + 8 + 4 + 4 + ACCOUNT + HASH;

/**
 * The hash of the event before, and all that an event says: their SHA-256 is its hash.
 * @throws RangeError where an id is none.
 */
export function ledgerEventBytes(before: Uint8Array, event: ChainedEvent): Uint8Array {
  const { basis, amount } = event;
  const ref = utf8(event.ref);
  const bytes = new Uint8Array(HASH + FIXED + ref.length);
  const view = new DataView(bytes.buffer);
  bytes.set(before, 0);
  let at = HASH;
  const next = (length: number) => {
    at += length;
    return at - length;
  };
  view.setUint8(next(1), FORMAT);
  view.setUint8(next(1), LEDGER_KINDS.indexOf(event.kind));
  view.setUint16(next(2), event.revision);
  view.setBigUint64(next(8), BigInt(event.sequence));
  view.setUint32(next(4), event.hour);
  view.setBigUint64(next(8), BigInt(event.ranAt));
  // 38 digits are less than 127 bits: two's complement in 16 bytes.
  view.setBigInt64(next(8), amount >> 64n);
  view.setBigUint64(next(8), BigInt.asUintN(64, amount));
  view.setBigUint64(next(8), basis.minutes);
  view.setUint32(next(4), basis.microScore);
  view.setUint32(next(4), basis.scoreVersion);
  writeId(bytes.subarray(next(ACCOUNT), at), event.accountId);
  writeId(bytes.subarray(next(HASH), at), event.nodeId);
  bytes.set(ref, at);
  return bytes;
}

/** Of nothing zeros. Without a copy: a cut hashes half a million events. */
function writeId(into: Uint8Array, text: string): void {
  if (text === '') return;
  if (text.length !== 2 * into.length || !/^[0-9a-f]+$/.test(text))
    throw new RangeError(`'${text}' names nothing in the ledger: ${2 * into.length} hex digits expected`);
  for (let i = 0; i < into.length; i += 1)
    into[i] = (digitOf(text.charCodeAt(2 * i)) << 4) | digitOf(text.charCodeAt(2 * i + 1));
}

/** '0' is 48, 'a' is 97. */
function digitOf(code: number): number {
  return code < 97 ? code - 48 : code - 87;
}
