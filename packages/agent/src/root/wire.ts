import type { Socket } from 'node:net';
import {
  bytes,
  type Codec,
  decodeExact,
  encode,
  type JobMessage,
  jobMessage,
  list,
  optional,
  record,
  text,
  u8,
  u16,
} from '@stoa/protocol';
import { MOST_CHANGES } from '#identity/owner-key-changes.ts';

/** A frame on the unit's socket: its length in four bytes, its type in one, its payload. */
export const ROOT_FRAME = {
  open: 1,
  input: 2,
  inputEnd: 3,
  install: 4,
  line: 10,
  bytes: 11,
  end: 12,
  refused: 13,
  installed: 14,
} as const;
export type RootFrameType = (typeof ROOT_FRAME)[keyof typeof ROOT_FRAME];

const HEAD_BYTES = 5;
export const MAX_FRAME_BYTES: number = 128 * 1024;
/** Of a chunk of input or output. */
export const CHUNK_BYTES: number = 64 * 1024;

export interface OpenRequest {
  /** The job as it came from the hub. */
  message: JobMessage;
  /** The region's signed time as the session had it last: it can only raise what the unit knows. */
  time: { regionTime: Uint8Array; authority: Uint8Array } | undefined;
  /** Of the owner's key, sealed, in their order: what was followed already may be among them. */
  ownerKeyChanges: readonly Uint8Array[];
  step: string;
  /** JSON: what neither the job nor the host says. Most steps take none. */
  args: string;
}

const openRequest: Codec<OpenRequest> = record({
  message: jobMessage,
  time: optional(record({ regionTime: bytes(512), authority: bytes(512) })),
  ownerKeyChanges: list(bytes(512), MOST_CHANGES),
  step: text(40),
  args: text(8 * 1024),
});

/** `stream` 1 is standard output, 2 standard error. */
export const lineReply: Codec<{ stream: number; line: string }> = record({ stream: u8, line: text(9_000) });
export const endReply: Codec<{ exitCode: number }> = record({ exitCode: u16 });
export const refusedReply: Codec<{ code: string; message: string }> = record({
  code: text(48),
  message: text(1_000),
});

export function formatFrame(type: RootFrameType, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length);
  frame[4] = type;
  frame.set(payload, HEAD_BYTES);
  return frame;
}

export interface RootFrame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Frames of a stream. @throws RangeError for one that is longer than any may be; a torn last one is not told. */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RootFrame> {
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= HEAD_BYTES) {
      const length = new DataView(held.buffer, held.byteOffset).getUint32(0);
      if (length > MAX_FRAME_BYTES)
        throw new RangeError(`a frame of ${length} bytes; at most ${MAX_FRAME_BYTES}`);
      if (held.length < HEAD_BYTES + length) break;
      yield { type: held[4]!, payload: held.subarray(HEAD_BYTES, HEAD_BYTES + length) };
      held = held.subarray(HEAD_BYTES + length);
    }
  }
}

export function formatOpen(request: OpenRequest): Uint8Array {
  return formatFrame(ROOT_FRAME.open, encode(openRequest, request));
}
export function parseOpen(payload: Uint8Array): OpenRequest {
  return decodeExact(openRequest, payload);
}

/** Resolves when a socket that was full takes more, or is gone. */
export function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
