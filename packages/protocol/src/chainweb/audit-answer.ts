import { concat, utf8 } from '../bytes.ts';
import { hashBytes } from './block-hash.ts';
import type { Payload } from './payload.ts';

const PREFIX = utf8('stoa/v1/audit-answer\0');

/**
 * H(nonce, node id, payloads): what only who has the bytes of all these payloads can tell, and for no other node and question.
 * Lengths go before what they measure, so that no two lists of payloads have the same bytes.
 *
 * @param hash SHA-512 cut to 32 bytes.
 */
export function auditAnswer(
  hash: (...parts: readonly Uint8Array[]) => Uint8Array,
  { nonce, nodeId, payloads }: { nonce: Uint8Array; nodeId: Uint8Array; payloads: readonly Payload[] },
): Uint8Array {
  return hash(PREFIX, nonce, nodeId, ...payloads.map(payloadBytes));
}

function payloadBytes({ minerData, transactions, outputsHash }: Payload): Uint8Array {
  const parts = [minerData, ...transactions];
  const sized = parts.flatMap((part) => [size(part.length), part]);
  return concat(size(parts.length), ...sized, hashBytes(outputsHash));
}

function size(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}
