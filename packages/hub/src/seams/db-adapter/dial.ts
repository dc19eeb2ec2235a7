import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Place {
  readonly host: string;
  readonly port: number;
  /** A socket's file, which goes before both. */
  readonly path?: string;
}

/**
 * Opens connections without Nagle's delay, at the hosts in turn. postgres.js has no option for it, and a COPY writes its
 * rows and its end apart: the end then waits for the delayed acknowledgement of the rows, 40 to 90 ms a transaction.
 */
export class Dialler {
  readonly #places: readonly Place[];
  readonly #timeoutMs: number;
  #next = 0;

  constructor(places: readonly Place[], timeoutMs: number) {
    this.#places = places;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws the error of the connection, or AbortError after the time-out. */
  dial(): Promise<Socket> {
    return this.#dialNext();
  }

  /** Each place once, then what `others` have. @throws as `others` do. */
  async dialBefore(others: Dialler): Promise<Socket> {
    for (const _ of this.#places) {
      const socket = await this.#dialNext().catch(() => undefined);
      if (socket !== undefined) return socket;
    }
    return others.dial();
  }

  async #dialNext(): Promise<Socket> {
    const place = this.#places[this.#next % this.#places.length]!;
    this.#next += 1;
    const socket = connect({ ...place, noDelay: true });
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(this.#timeoutMs) });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    // postgres.js names the server of a TLS session and of its errors by these.
    return Object.assign(socket, place);
  }
}

/** `a:5432,b,[::1]:5433` as places; `port` where none is named. */
export function placesOf(hosts: string, port: number): Place[] {
  return hosts.split(',').map((text) => {
    const [, bracketed, plain, named] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
    // A bare IPv6 address has colons and no port.
    return { host: bracketed ?? plain ?? text, port: named === undefined ? port : Number(named) };
  });
}
