import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS, SUBPROTOCOL } from '@stoa/protocol';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { Link } from './link.ts';

/** A peer that does not answer a close has no more time than this. */
const CLOSE_MS = 5_000;
const BINARY_FIN = 0x82;
const LENGTH_16 = 126;
const LENGTH_16_MAX = 0xffff;

/** `permessage-deflate` stays off: 4.5 times the CPU, three times the memory, and it fragments under mass disconnect (F25). */
export function createWebSocketServer(): WebSocketServer {
  // Wider than the types of the library, which lag behind it.
  const options: ServerOptions & { closeTimeout: number; maxFragments: number; maxBufferedChunks: number } = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LIMITS.frameBytes,
    maxFragments: 16,
    maxBufferedChunks: 1_024,
    clientTracking: false,
    skipUTF8Validation: true,
    closeTimeout: CLOSE_MS,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  };
  return new WebSocketServer(options);
}

export function upgrade(
  server: WebSocketServer,
  request: { message: IncomingMessage; socket: Duplex; head: Buffer; address: string },
  accept: (link: Link) => void,
): void {
  const { message, socket, head, address } = request;
  server.handleUpgrade(message, socket, head, (webSocket) => {
    accept(new WebSocketLink(webSocket, socket, address));
  });
}

class WebSocketLink implements Link {
  readonly transport = 'websocket';
  readonly address: string;
  onMessage: (message: Uint8Array) => void = () => undefined;
  onClose: (code: number) => void = () => undefined;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  #closed = false;

  constructor(webSocket: WebSocket, socket: Duplex, address: string) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.address = address;
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.#closed) return;
      if (isBinary) this.onMessage(data);
      else this.close(1003, 'binary messages only');
    });
    webSocket.on('close', (code: number) => this.#end(code));
    // A socket error is always followed by 'close', which is where it is handled.
    webSocket.on('error', () => undefined);
  }

  get buffered(): number {
    return this.#socket.writableLength;
  }

  /** A frame in one piece: `ws` would write its header and its payload apart, at twice the cost. */
  send(message: Uint8Array): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    if (message.length > LENGTH_16_MAX) this.#webSocket.send(message);
    else this.#socket.write(framed(message));
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    // A peer that no longer reads would hold the socket until the time-out. What is corked has not been tried yet: the
    // answer to the upgrade, and a Throttle behind it.
    if (this.buffered > 0 && this.#socket.writableCorked === 0) this.#webSocket.terminate();
    else this.#webSocket.close(code, reason.slice(0, 120));
    this.#end(code);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onClose(code);
  }
}

/** An unmasked, unfragmented binary message (RFC 6455 §5.2) of at most `LENGTH_16_MAX` bytes. */
function framed(message: Uint8Array): Buffer {
  const { length } = message;
  if (length < LENGTH_16) {
    const frame = Buffer.allocUnsafe(2 + length);
    frame[0] = BINARY_FIN;
    frame[1] = length;
    frame.set(message, 2);
    return frame;
  }
  const frame = Buffer.allocUnsafe(4 + length);
  frame[0] = BINARY_FIN;
  frame[1] = LENGTH_16;
  frame.writeUInt16BE(length, 2);
  frame.set(message, 4);
  return frame;
}
