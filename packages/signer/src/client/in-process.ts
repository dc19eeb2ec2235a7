import { createClient, type SignerClient, type SignerTransport } from '#client/signer-client.ts';
import { SignerError } from '#error.ts';
import type { SignerService } from '#service.ts';
import type { Callee, CallTable } from '#wire/dialect.ts';
import { dispatch } from '#wire/dispatch.ts';
import { decodeAnswer, decodeError, encodeRequest } from '#wire/message.ts';

/**
 * A client of a service in this very process, for tests and the simulated world. Requests and answers pass through the
 * same encoding as over the socket, so both clients accept and refuse the same. Closing it leaves the service open.
 */
export function inProcessSigner(service: SignerService): SignerClient {
  return createClient(inProcessTransport(service));
}

/** To any daemon's service. */
export function inProcessTransport<C extends CallTable<C>>(service: Callee<C>): SignerTransport {
  const { maxMessageBytes } = service.dialect;
  let closed = false;
  const requireOpen = (): void => {
    if (closed) throw new SignerError('signer_closed', 'this client of the signer was closed');
  };
  return {
    async exchange(method, payload) {
      requireOpen();
      const request = encodeRequest({ id: 0, method, payload }, maxMessageBytes);
      const causes: unknown[] = [];
      const message = await dispatch(service, request, (_method, error) => causes.push(error));
      const answer = decodeAnswer(message, maxMessageBytes);
      requireOpen();
      if (!answer.ok) throw withCause(decodeError(answer.payload), causes[0]);
      return answer.payload;
    },
    async close() {
      closed = true;
    },
  };
}

/** Over a socket the cause stays in the signer's log; here it is at hand. */
function withCause(error: SignerError, cause: unknown): SignerError {
  return cause instanceof SignerError ? cause : new SignerError(error.code, error.message, { cause });
}
