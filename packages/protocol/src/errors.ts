import { CLOSE, type CloseCode } from './close-codes.ts';

/** Each code with what it means for the channel: how the connection is closed, and whether trying again can help. */
const CODES = {
  malformed: { close: CLOSE.badFrame, retry: true },
  too_large: { close: CLOSE.tooLarge, retry: true },
  bad_sequence: { close: CLOSE.badFrame, retry: true },
  bad_ack: { close: CLOSE.badFrame, retry: true },
  bad_tag: { close: CLOSE.badFrame, retry: true },
  unknown_type: { close: CLOSE.badFrame, retry: true },
  unsupported_version: { close: CLOSE.unsupportedVersion, retry: false },
  bad_signature: { close: CLOSE.badHandshake, retry: true },
  bad_public_key: { close: CLOSE.badHandshake, retry: false },
  bad_binding: { close: CLOSE.badHandshake, retry: true },
  bad_key_exchange: { close: CLOSE.badHandshake, retry: true },
  wrong_root: { close: CLOSE.badHandshake, retry: false },
  wrong_region: { close: CLOSE.badHandshake, retry: false },
  certificate_expired: { close: CLOSE.badHandshake, retry: true },
  certificate_superseded: { close: CLOSE.badHandshake, retry: true },
  signed_late: { close: CLOSE.badFrame, retry: false },
  bad_params: { close: CLOSE.badFrame, retry: false },
  bad_order: { close: CLOSE.badFrame, retry: false },
  bad_policy: { close: CLOSE.badFrame, retry: false },
  bad_join_token: { close: CLOSE.badHandshake, retry: false },
} as const satisfies Record<string, { close: CloseCode; retry: boolean }>;

export type ProtocolErrorCode = keyof typeof CODES;

/** Something a peer sent breaks the protocol. `retry`: whether a new attempt can succeed without a person. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;
  readonly retry: boolean;
  readonly closeCode: CloseCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retry = CODES[code].retry;
    this.closeCode = CODES[code].close;
  }
}
