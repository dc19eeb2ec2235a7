import { ProtocolError } from './errors.ts';

/*
 * version u8 | type u8 | seq u64 | ack u64 | payload | tag 16 B
 * `ack` is the last sequence number received plus one, so that 0 says "nothing yet".
 */
export const HEADER_BYTES = 18;
export const TAG_BYTES = 16;
export const FRAME_OVERHEAD: number = HEADER_BYTES + TAG_BYTES;

export interface FrameHeader {
  readonly version: number;
  readonly type: number;
  readonly seq: number;
  /** -1 for nothing yet. */
  readonly ack: number;
}

export function writeHeader(frame: Uint8Array, header: FrameHeader): void {
  frame[0] = header.version;
  frame[1] = header.type;
  writeCounter(frame, 2, header.seq);
  writeCounter(frame, 10, header.ack + 1);
}

export function readHeader(frame: Uint8Array): FrameHeader {
  return { version: frame[0]!, type: frame[1]!, seq: readCounter(frame, 2), ack: readCounter(frame, 10) - 1 };
}

function writeCounter(frame: Uint8Array, at: number, value: number): void {
  writeWord(frame, at, Math.floor(value / 2 ** 32));
  writeWord(frame, at + 4, value);
}

function writeWord(frame: Uint8Array, at: number, value: number): void {
  frame[at] = value >>> 24;
  frame[at + 1] = value >>> 16;
  frame[at + 2] = value >>> 8;
  frame[at + 3] = value;
}

function readCounter(frame: Uint8Array, at: number): number {
  const high = readWord(frame, at);
  if (high >= 2 ** 21) throw new ProtocolError('malformed', `counter at byte ${at} is past 2^53`);
  return high * 2 ** 32 + readWord(frame, at + 4);
}

function readWord(frame: Uint8Array, at: number): number {
  return ((frame[at]! << 24) | (frame[at + 1]! << 16) | (frame[at + 2]! << 8) | frame[at + 3]!) >>> 0;
}
