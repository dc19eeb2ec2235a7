import { decodeExact, encode, ProtocolError } from '@stoa/protocol';
import { SignerError } from '#error.ts';
import type { SignerService } from '#service.ts';
import { decodeRequest, encodeAnswer, encodeError } from '#wire/message.ts';
import { isSignerMethod, METHODS, type SignerMethod } from '#wire/methods.ts';

/** Told of every refusal and fault: its operator sees what was tried, and what a caller is not shown. */
export type ErrorListener = (method: string, error: unknown) => void;

/**
 * Answers one request message; an error becomes an answer too.
 * @throws ProtocolError `malformed` where the bytes are no request at all: the connection is not worth keeping.
 */
export async function dispatch(
  service: SignerService,
  message: Uint8Array,
  onError: ErrorListener,
): Promise<Uint8Array> {
  const { id, method, payload } = decodeRequest(message);
  try {
    if (!isSignerMethod(method))
      throw new SignerError('bad_request', `this signer knows no request '${method.slice(0, 32)}'`);
    return encodeAnswer({ id, ok: true, payload: await answer(service, method, payload) });
  } catch (error) {
    onError(method, error);
    return encodeAnswer({ id, ok: false, payload: encodeError(presentable(error, method)) });
  }
}

async function answer<M extends SignerMethod>(
  service: SignerService,
  method: M,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const request = decodeExact(METHODS[method].request, payload);
  return encode(METHODS[method].answer, await service.call(method, request));
}

function presentable(error: unknown, method: string): SignerError {
  if (error instanceof SignerError) return error;
  const cause = error;
  if (error instanceof ProtocolError)
    return new SignerError('bad_request', `the request '${method}' is malformed: ${error.message}`, {
      cause,
    });
  return new SignerError('signer_fault', `the signer could not do '${method}': its own log tells why`, {
    cause,
  });
}
