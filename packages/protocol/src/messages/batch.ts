import { ProtocolError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/** Messages of one long-poll request or answer: `(length u32 | bytes)*`. */
export function joinBatch(messages: readonly Uint8Array[]): Uint8Array {
  const batch = new Uint8Array(messages.reduce((sum, message) => sum + 4 + message.length, 0));
  const view = new DataView(batch.buffer);
  let at = 0;
  for (const message of messages) {
    view.setUint32(at, message.length);
    batch.set(message, at + 4);
    at += 4 + message.length;
  }
  return batch;
}

/** Views of the batch, in order. @throws ProtocolError `malformed`, `too_large`. */
export function splitBatch(batch: Uint8Array): Uint8Array[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < batch.length; ) {
    if (at + 4 > batch.length) throw new ProtocolError('malformed', 'a batch ends within a length');
    const length = view.getUint32(at);
    at += 4;
    if (length > LIMITS.frameBytes)
      throw new ProtocolError('too_large', `a message of ${length} bytes in a batch`);
    if (at + length > batch.length) throw new ProtocolError('malformed', 'a batch ends within a message');
    messages.push(batch.subarray(at, at + length));
    at += length;
  }
  return messages;
}
