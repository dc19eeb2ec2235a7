import { concat, utf8 } from './bytes.ts';
import type { CryptoSuite, Mac } from './crypto/suite.ts';
import { ProtocolError } from './errors.ts';
import { FRAME_OVERHEAD, HEADER_BYTES, readHeader, TAG_BYTES, writeHeader } from './frame.ts';
import type { Transport } from './handshake/challenge.ts';
import { LIMITS } from './limits.ts';

export interface OpenedFrame {
  readonly type: number;
  readonly seq: number;
  /** Highest sequence number that the peer has received of ours, -1 for none. */
  readonly ack: number;
  /** A view of the received buffer. */
  readonly payload: Uint8Array;
}

/**
 * One direction pair of an established session.
 *
 * Invariants: every sent frame has the next sequence number, from 0; every received frame must be exactly the previous
 * one + 1 (a gap is a cut by the middle) and acknowledge no more than was sent; the tag covers the raw bytes. The first
 * violation is final: the caller closes the connection, and `open` refuses everything after it.
 */
export class Session {
  readonly #sendMac: Mac;
  readonly #receiveMac: Mac;
  readonly #version: number;
  #sent = -1;
  #received = -1;
  #acknowledged = -1;
  #broken = false;

  constructor(keys: { send: Uint8Array; receive: Uint8Array; version: number }, crypto: CryptoSuite) {
    this.#sendMac = crypto.mac(keys.send);
    this.#receiveMac = crypto.mac(keys.receive);
    this.#version = keys.version;
  }

  /** Sequence number of the last frame sent, -1 before the first. */
  get sent(): number {
    return this.#sent;
  }

  get received(): number {
    return this.#received;
  }

  /** Highest of our sequence numbers that the peer acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  seal(type: number, payload: Uint8Array): Uint8Array {
    const frame = new Uint8Array(FRAME_OVERHEAD + payload.length);
    if (frame.length > LIMITS.frameBytes)
      throw new RangeError(`a frame of ${frame.length} bytes is past the bound of ${LIMITS.frameBytes}`);
    this.#sent += 1;
    writeHeader(frame, { version: this.#version, type, seq: this.#sent, ack: this.#received });
    frame.set(payload, HEADER_BYTES);
    const split = frame.length - TAG_BYTES;
    frame.set(this.#sendMac(frame, split), split);
    return frame;
  }

  /** @throws ProtocolError `too_large`, `malformed`, `bad_tag`, `bad_sequence`, `bad_ack`, `unsupported_version`. */
  open(frame: Uint8Array): OpenedFrame {
    if (this.#broken) throw new ProtocolError('bad_sequence', 'the session ended with an earlier bad frame');
    this.#broken = true;
    const opened = this.#check(frame);
    this.#broken = false;
    return opened;
  }

  #check(frame: Uint8Array): OpenedFrame {
    if (frame.length > LIMITS.frameBytes)
      throw new ProtocolError(
        'too_large',
        `a frame of ${frame.length} bytes is past the bound of ${LIMITS.frameBytes}`,
      );
    if (frame.length < FRAME_OVERHEAD)
      throw new ProtocolError(
        'malformed',
        `a frame of ${frame.length} bytes is shorter than its header and tag`,
      );
    const split = frame.length - TAG_BYTES;
    if (!endsWith(frame, split, this.#receiveMac(frame, split)))
      throw new ProtocolError('bad_tag', 'the tag of a frame does not hold');
    const { version, type, seq, ack } = readHeader(frame);
    if (version !== this.#version)
      throw new ProtocolError(
        'unsupported_version',
        `frame of version ${version} in a session of version ${this.#version}`,
      );
    if (seq !== this.#received + 1)
      throw new ProtocolError('bad_sequence', `frame ${seq} received, ${this.#received + 1} expected`);
    if (ack > this.#sent || ack < this.#acknowledged)
      throw new ProtocolError(
        'bad_ack',
        `frame ${ack} acknowledged; ${this.#acknowledged} to ${this.#sent} possible`,
      );
    this.#received = seq;
    this.#acknowledged = ack;
    return { type, seq, ack, payload: frame.subarray(HEADER_BYTES, split) };
  }
}

/** Whether the frame's bytes from `at` are the tag, in a time that does not depend on them. */
function endsWith(frame: Uint8Array, at: number, tag: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < TAG_BYTES; i += 1) difference |= frame[at + i]! ^ tag[i]!;
  return difference === 0;
}

/** What both sides compute a session from, bound to the whole transcript and the transport's name. */
export interface SessionSecret {
  readonly shared: Uint8Array;
  readonly transcript: Uint8Array;
  readonly transport: Transport;
  readonly version: number;
}

/** A session, and 32 secret bytes that hide the ratchet in its Welcome from whoever ends the TLS. */
export function deriveSecrets(
  by: { crypto: CryptoSuite; role: 'agent' | 'hub' },
  from: SessionSecret,
): { session: Session; mask: Uint8Array } {
  const info = concat(utf8('stoa/v1/session|'), utf8(from.transport));
  const keys = by.crypto.hkdf(from.shared, from.transcript, info, 96);
  const [agentKey, hubKey] = [keys.subarray(0, 32), keys.subarray(32, 64)];
  const [send, receive] = by.role === 'agent' ? [agentKey, hubKey] : [hubKey, agentKey];
  const session = new Session({ send, receive, version: from.version }, by.crypto);
  return { session, mask: keys.subarray(64) };
}

/** One key for each direction. */
export function deriveSession(
  by: { crypto: CryptoSuite; role: 'agent' | 'hub' },
  from: SessionSecret,
): Session {
  return deriveSecrets(by, from).session;
}
