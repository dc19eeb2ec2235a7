import { concat } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { OLDEST_PROTOCOL_VERSION } from '../version.ts';

/**
 * A message before the session has keys (Challenge, Hello, Throttle, Error): `version u8 | type u8 | payload`. It stays
 * in the oldest version's form, since nothing is agreed on yet, and is worth what its own signature is worth.
 */
export function writePlain(type: number, payload: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(OLDEST_PROTOCOL_VERSION, type), payload);
}

/** @throws ProtocolError `too_large`, `malformed`, `unsupported_version`. */
export function readPlain(message: Uint8Array): { type: number; payload: Uint8Array } {
  if (message.length > LIMITS.preAuthBytes)
    throw new ProtocolError(
      'too_large',
      `${message.length} bytes before authentication; ${LIMITS.preAuthBytes} are the bound`,
    );
  const [version, type] = message;
  if (version === undefined || type === undefined)
    throw new ProtocolError('malformed', `a message of ${message.length} bytes has no version and type`);
  if (version !== OLDEST_PROTOCOL_VERSION)
    throw new ProtocolError(
      'unsupported_version',
      `first message has version ${version}, ${OLDEST_PROTOCOL_VERSION} expected`,
    );
  return { type, payload: message.subarray(2) };
}
