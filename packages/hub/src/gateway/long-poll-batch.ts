import { LIMITS, ProtocolError } from '@stoa/protocol';

/** Messages of one request or answer: `(length u32 | bytes)*`. */
export function writeBatch(messages: readonly Uint8Array[]): Uint8Array {
  const batch = Buffer.alloc(messages.reduce((sum, message) => sum + 4 + message.length, 0));
  let at = 0;
  for (const message of messages) {
    at = batch.writeUInt32BE(message.length, at);
    batch.set(message, at);
    at += message.length;
  }
  return batch;
}

/** @throws ProtocolError `malformed`, `too_large`. */
export function splitBatch(body: Uint8Array): Uint8Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at < body.length) {
    if (at + 4 > body.length) throw new ProtocolError('malformed', 'a batch ends within a length');
    const length = view.getUint32(at);
    if (length > LIMITS.frameBytes)
      throw new ProtocolError('too_large', `a message of ${length} bytes in a batch`);
    if (at + 4 + length > body.length) throw new ProtocolError('malformed', 'a batch ends within a message');
    messages.push(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return messages;
}
