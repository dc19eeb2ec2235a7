import { decodeExact, encode, ProtocolError } from '@stoa/protocol';
import { SignerError } from '#error.ts';
import { type Callee, type CallTable, isMethod, type MethodOf } from '#wire/dialect.ts';
import { decodeRequest, encodeAnswer, encodeError } from '#wire/message.ts';

/** Told of every refusal and fault: its operator sees what was tried, and what a caller is not shown. */
export type ErrorListener = (method: string, error: unknown) => void;

/**
 * Answers one request message; an error becomes an answer too.
 * @throws ProtocolError `malformed` where the bytes are no request at all: the connection is not worth keeping.
 */
export async function dispatch<C extends CallTable<C>>(
  callee: Callee<C>,
  message: Uint8Array,
  onError: ErrorListener,
): Promise<Uint8Array> {
  const { dialect } = callee;
  const { id, method, payload } = decodeRequest(message, dialect.maxMessageBytes);
  try {
    if (!isMethod(dialect, method))
      throw new SignerError('bad_request', `this signer knows no request '${method.slice(0, 32)}'`);
    const content = await answer(callee, method, payload);
    return encodeAnswer({ id, ok: true, payload: content }, dialect.maxMessageBytes);
  } catch (error) {
    onError(method, error);
    const complaint = encodeError(presentable(error, method));
    return encodeAnswer({ id, ok: false, payload: complaint }, dialect.maxMessageBytes);
  }
}

async function answer<C extends CallTable<C>, M extends MethodOf<C>>(
  callee: Callee<C>,
  method: M,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const codecs = callee.dialect.methods[method];
  return encode(codecs.answer, await callee.call(method, decodeExact(codecs.request, payload)));
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
