import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from '../kit/until.ts';

export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody's own server that alerts are posted to. */
export class WebhookReceiver implements AsyncDisposable {
  readonly deliveries: Delivery[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<WebhookReceiver> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        receiver.deliveries.push({ headers: request.headers, body });
        response.end();
      });
    });
    const receiver = new WebhookReceiver(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alerts`;
  }

  async delivery(pattern: RegExp): Promise<Delivery> {
    const find = () => this.deliveries.findLast(({ body }) => pattern.test(body));
    await until(`a delivery that matches ${pattern}`, () => find() !== undefined);
    return find()!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
