import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS, SUBPROTOCOL } from '@stoa/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Link } from './link.ts';

/** `permessage-deflate` stays off: 4.5 times the CPU, three times the memory, and it fragments under mass disconnect (F25). */
export function createWebSocketServer(): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LIMITS.frameBytes,
    clientTracking: false,
    skipUTF8Validation: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
}

export function upgrade(
  server: WebSocketServer,
  request: { message: IncomingMessage; socket: Duplex; head: Buffer; address: string },
  accept: (link: Link) => void,
): void {
  server.handleUpgrade(request.message, request.socket, request.head, (socket) => {
    accept(new WebSocketLink(socket, request.address));
  });
}

class WebSocketLink implements Link {
  readonly transport = 'websocket';
  readonly address: string;
  onMessage: (message: Uint8Array) => void = () => undefined;
  onClose: (code: number) => void = () => undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, address: string) {
    this.#socket = socket;
    this.address = address;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.onMessage(data);
      else this.close(1003, 'binary messages only');
    });
    socket.on('close', (code: number) => this.onClose(code));
    // A socket error is always followed by 'close', which is where it is handled.
    socket.on('error', () => undefined);
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array): void {
    if (this.#socket.readyState === 1) this.#socket.send(message);
  }

  close(code: number, reason: string): void {
    // A peer that no longer reads would hold the socket until ws gives up after 30 s.
    if (this.buffered > 0) this.#socket.terminate();
    else this.#socket.close(code, reason.slice(0, 120));
  }
}
