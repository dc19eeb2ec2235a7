import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { type Binding, LIMITS, SUBPROTOCOL, toBase64Url } from '@stoa/protocol';
import { type RawData, WebSocket } from 'ws';
import { HUB_ERROR_BYTES, parseHubError } from '#channel/hub-error.ts';
import {
  AGENT_PATH,
  type DialTarget,
  isTerminator,
  type Link,
  type LinkEnd,
  type LinkListener,
  LOW_MARK_BYTES,
  type Transport,
} from '#channel/transport.ts';
import type { Clock } from '#clock.ts';
import type { Proxies } from '#proxy.ts';

export interface WebSocketOptions {
  clock: Clock;
  proxies: Proxies;
  /** PEM, instead of the authorities that Node trusts. */
  ca?: readonly string[] | undefined;
}

/** TCP, proxy, TLS and upgrade together. */
const OPENING_MS = 15_000;
/** A peer that doesn't answer the close is dropped: ws itself would hold the socket for 30 s. */
const CLOSING_MS = 2_000;
/** RFC 9266. */
const EXPORTER = { label: 'EXPORTER-Channel-Binding', bytes: 32 };

/** Only owner of `ws` in the agent. `permessage-deflate` stays off (F25). */
export function createWebSocketTransport(options: WebSocketOptions): Transport {
  return { name: 'websocket', dial: (target, listener) => new WebSocketLink(options, target, listener) };
}

class WebSocketLink implements Link {
  readonly #options: WebSocketOptions;
  readonly #origin: string;
  #listener: LinkListener | undefined;
  #socket: WebSocket | undefined;
  #tls: TLSSocket | undefined;
  #opened = false;
  #cause: unknown;
  #full = false;

  constructor(options: WebSocketOptions, target: DialTarget, listener: LinkListener) {
    this.#options = options;
    this.#origin = target.origin;
    this.#listener = listener;
    this.#open(target).catch((cause: unknown) => this.#end({ code: 1006, reason: 'dialling failed', cause }));
  }

  get buffered(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(message: Uint8Array): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    // An error is told by 'close' as well.
    socket.send(message, () => this.#checkDrained());
    if (socket.bufferedAmount > LOW_MARK_BYTES) this.#full = true;
  }

  acceptsBinding(binding: Binding): boolean {
    if (binding.mode === 'terminator') return isTerminator(binding, this.#origin);
    const exported = this.#tls?.exportKeyingMaterial(EXPORTER.bytes, EXPORTER.label, Buffer.alloc(0));
    return exported !== undefined && binding.value === toBase64Url(exported);
  }

  close(code: number, reason: string): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) {
      this.destroy();
      return;
    }
    socket.close(code, reason.slice(0, 120));
    const timer = this.#options.clock.after(CLOSING_MS, () => socket.terminate());
    socket.once('close', () => timer.cancel());
  }

  destroy(): void {
    this.#socket?.terminate();
    this.#end({ code: 1006, reason: 'destroyed' });
  }

  async #open({ origin, nonceA, cookie }: DialTarget): Promise<void> {
    const url = `${origin.replace(/^http/, 'ws')}${AGENT_PATH}`;
    const agent = await this.#options.proxies.agentFor(url);
    if (this.#listener === undefined) return;
    const socket = new WebSocket(url, SUBPROTOCOL, {
      headers: {
        'user-agent': 'stoa-agent',
        'stoa-nonce': toBase64Url(nonceA),
        ...(cookie?.length ? { 'stoa-cookie': toBase64Url(cookie) } : {}),
      },
      perMessageDeflate: false,
      maxPayload: LIMITS.frameBytes,
      skipUTF8Validation: true,
      followRedirects: false,
      ...(agent ? { agent } : {}),
      ...(this.#options.ca ? { ca: [...this.#options.ca] } : {}),
    });
    this.#socket = socket;
    this.#attach(socket);
  }

  #attach(socket: WebSocket): void {
    const opening = this.#options.clock.after(OPENING_MS, () => {
      this.#cause = new Error(`no WebSocket within ${OPENING_MS} ms`);
      socket.terminate();
    });
    socket.on('upgrade', (response: IncomingMessage) => {
      if (response.socket instanceof TLSSocket) this.#tls = response.socket;
    });
    socket.on('open', () => {
      opening.cancel();
      this.#opened = true;
    });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) this.#listener?.message(data as Buffer);
      else this.close(1003, 'binary messages only');
    });
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      opening.cancel();
      this.#readRefusal(response);
    });
    // 'close' always follows.
    socket.on('error', (error: Error) => {
      this.#cause ??= error;
    });
    socket.on('close', (code: number, reason: Buffer) => {
      opening.cancel();
      this.#end({ code, reason: reason.toString() });
    });
  }

  #readRefusal(response: IncomingMessage): void {
    const status = response.statusCode;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const timer = this.#options.clock.after(CLOSING_MS, () => response.destroy());
    response.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > HUB_ERROR_BYTES) response.destroy();
    });
    response.on('close', () => {
      timer.cancel();
      const error = parseHubError(Buffer.concat(chunks));
      const reason = error?.message ?? `HTTP ${status} instead of an upgrade`;
      this.#end({ code: 1006, reason, httpStatus: status, hubError: error });
    });
  }

  #checkDrained(): void {
    if (!this.#full || this.buffered > LOW_MARK_BYTES) return;
    this.#full = false;
    this.#listener?.drained();
  }

  #end(end: Omit<LinkEnd, 'opened'>): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    listener.closed({ cause: this.#cause, ...end, opened: this.#opened });
  }
}
