import { hash } from 'node:crypto';
import { KINDS, type LedgerEvent } from './event.ts';

/** What the first event follows. */
export const GENESIS: Uint8Array = new Uint8Array(32);

const FORMAT = 1;
const HASH = 32;
const ACCOUNT = 16;
/** Before what it refers to: format, kind, revision, sequence, hour, time, amount, word, score, version, account, node. */
const FIXED = 1 + 1 + 2 + 8 + 4 + 8 + 16 + 8 + 4 + 4 + ACCOUNT + HASH;

/**
 * SHA-256 over the hash of the event before and all that an event says but its owner's e-mail, which is personal and may go.
 * @returns 32 bytes.
 */
export function eventHash(before: Uint8Array, event: Omit<LedgerEvent, 'hash' | 'ownerId'>): Uint8Array {
  const ref = Buffer.from(event.ref);
  const bytes = Buffer.allocUnsafe(HASH + FIXED + ref.length);
  bytes.set(before, 0);
  let at = HASH;
  at = bytes.writeUInt8(FORMAT, at);
  at = bytes.writeUInt8(KINDS.indexOf(event.kind), at);
  at = bytes.writeUInt16BE(event.revision, at);
  at = bytes.writeBigUInt64BE(BigInt(event.sequence), at);
  at = bytes.writeUInt32BE(event.hour, at);
  at = bytes.writeBigUInt64BE(BigInt(event.ranAt), at);
  // 38 digits are less than 127 bits: two's complement in 16 bytes.
  at = bytes.writeBigInt64BE(event.amount >> 64n, at);
  at = bytes.writeBigUInt64BE(BigInt.asUintN(64, event.amount), at);
  at = bytes.writeBigUInt64BE(event.basis.minutes, at);
  at = bytes.writeUInt32BE(event.basis.microScore, at);
  at = bytes.writeUInt32BE(event.basis.scoreVersion, at);
  at = writeHex(bytes, event.accountId, { at, length: ACCOUNT });
  at = writeHex(bytes, event.nodeId, { at, length: HASH });
  bytes.set(ref, at);
  return hash('sha256', bytes, 'buffer');
}

/** Of nothing zeros. @returns where it ends. */
function writeHex(into: Buffer, text: string, { at, length }: { at: number; length: number }): number {
  if (text === '') into.fill(0, at, at + length);
  else if (text.length !== 2 * length || into.write(text, at, length, 'hex') !== length)
    throw new RangeError(`'${text}' names nothing in the ledger: ${2 * length} hex digits expected`);
  return at + length;
}
