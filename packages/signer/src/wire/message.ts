import {
  bool,
  type Codec,
  decode,
  decodeExact,
  encode,
  optional,
  record,
  text,
  u32,
  u64,
} from '@stoa/protocol';
import { isSignerErrorCode, SignerError } from '#error.ts';
import { blob } from '#wire/blob.ts';

/** Of a region's signer; other daemons have bounds of their own (`Dialect`). */
export const MAX_MESSAGE_BYTES: number = 64 * 1024;
/** What a message has besides its payload, at most. */
const ENVELOPE_BYTES = 64;
const MAX_ERROR_TEXT = 2_000;
const LENGTH_BYTES = 4;

/** Requests and answers go by `id`, so a connection may carry several at once. */
export interface RequestMessage {
  id: number;
  method: string;
  payload: Uint8Array;
}

export interface AnswerMessage {
  id: number;
  /** Of the method, or of an error. */
  ok: boolean;
  payload: Uint8Array;
}

interface Envelopes {
  readonly request: Codec<RequestMessage>;
  readonly answer: Codec<AnswerMessage>;
}

const envelopes = new Map<number, Envelopes>();

function envelopesOf(maxBytes: number): Envelopes {
  const known = envelopes.get(maxBytes);
  if (known !== undefined) return known;
  const payload = blob(maxBytes - ENVELOPE_BYTES);
  const made = {
    request: record({ id: u32, method: text(32), payload }),
    answer: record({ id: u32, ok: bool, payload }),
  };
  envelopes.set(maxBytes, made);
  return made;
}

const errorCodec = record({ code: text(64), message: text(4 * MAX_ERROR_TEXT), retryAfterMs: optional(u64) });

export function encodeRequest(request: RequestMessage, maxBytes: number = MAX_MESSAGE_BYTES): Uint8Array {
  return encode(envelopesOf(maxBytes).request, request);
}

export function decodeRequest(message: Uint8Array, maxBytes: number = MAX_MESSAGE_BYTES): RequestMessage {
  return decodeExact(envelopesOf(maxBytes).request, message);
}

export function encodeAnswer(answer: AnswerMessage, maxBytes: number = MAX_MESSAGE_BYTES): Uint8Array {
  return encode(envelopesOf(maxBytes).answer, answer);
}

export function decodeAnswer(message: Uint8Array, maxBytes: number = MAX_MESSAGE_BYTES): AnswerMessage {
  return decodeExact(envelopesOf(maxBytes).answer, message);
}

export function encodeError({ code, message, retryAfterMs }: SignerError): Uint8Array {
  return encode(errorCodec, { code, message: message.slice(0, MAX_ERROR_TEXT), retryAfterMs });
}

/** Whether to try again is decided by the code, here as there. */
export function decodeError(payload: Uint8Array): SignerError {
  const { code, message, retryAfterMs } = decode(errorCodec, payload);
  return new SignerError(
    isSignerErrorCode(code) ? code : 'signer_fault',
    message,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

/** The message with its length before it, as it goes over the socket. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(framed.buffer).setUint32(0, message.length);
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/**
 * The messages of a stream, however it was cut into chunks. Never holds more than one message and one chunk.
 * @throws SignerError `bad_request` for a message past its bound.
 */
export async function* readFrames(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_MESSAGE_BYTES,
): AsyncGenerator<Uint8Array, void, void> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const message = takeFrame(rest, maxBytes);
      if (message === undefined) break;
      rest = rest.subarray(LENGTH_BYTES + message.length);
      yield message;
    }
  }
}

function takeFrame(buffer: Uint8Array, maxBytes: number): Uint8Array | undefined {
  if (buffer.length < LENGTH_BYTES) return undefined;
  const length = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0);
  if (length > maxBytes)
    throw new SignerError('bad_request', `a message of ${length} bytes was announced (at most ${maxBytes})`);
  return buffer.length < LENGTH_BYTES + length
    ? undefined
    : buffer.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}
