import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server } from 'node:tls';
import { ACME_PROTOCOL, firstBytes } from './client-hello.ts';

/** How long somebody may take to say their first bytes, and the CA for its handshake. */
const PATIENCE_MS = 10_000;

/** The CA asks for an own certificate on the hub's own port, which everybody else must not get. */
type TlsServer = Pick<Server, 'listeners' | 'removeAllListeners' | 'on' | 'emit'>;

/**
 * Answers TLS-ALPN-01 (RFC 8737) beside the hub on its one port, only while a challenge is open: TLS chooses the certificate
 * before it looks at the protocol, so the two are told apart by their first bytes, which are then given back.
 */
export function openDoor(server: TlsServer, proof: SecureContextOptions): Disposable {
  const asBefore = server.listeners('connection') as ((socket: Socket) => void)[];
  const prover = createServer({ ...proof, ALPNProtocols: [ACME_PROTOCOL], handshakeTimeout: PATIENCE_MS });
  prover.on('secureConnection', (socket) => socket.end());
  prover.on('tlsClientError', (_error, socket) => socket.destroy());
  const listen = (listeners: readonly ((socket: Socket) => void)[]) => {
    server.removeAllListeners('connection');
    for (const listener of listeners) server.on('connection', listener);
  };
  listen([
    (socket) =>
      sort(socket, (kind) => {
        if (kind === 'proof') prover.emit('connection', socket);
        else for (const listener of asBefore) listener.call(server, socket);
      }),
  ]);
  return { [Symbol.dispose]: () => listen(asBefore) };
}

function sort(socket: Socket, pass: (kind: 'proof' | 'other') => void): void {
  let heard = Buffer.alloc(0);
  const drop = () => socket.destroy();
  const hear = (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const kind = firstBytes(heard);
    if (kind === 'more') return;
    socket.off('data', hear).off('error', drop).off('timeout', drop).setTimeout(0);
    socket.pause();
    socket.unshift(heard);
    pass(kind);
  };
  socket.on('error', drop).on('timeout', drop).setTimeout(PATIENCE_MS);
  socket.on('data', hear);
}
