import type { MemoryConnection } from '@stoa/agent';
import type { Link, LinkRequest } from '@stoa/hub';

/** What crosses between the process of a fleet and that of its hub, of the connection `id`. */
export type Crossing = { readonly id: number } & (
  | {
      readonly kind: 'open';
      readonly transport: Link['transport'];
      readonly address: string;
      readonly request: LinkRequest;
    }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
);

export type Post = (crossings: readonly Crossing[]) => void;

/** The fleet's end of the way to a hub in another process. */
export class WayToHub {
  readonly #out: Gathered;
  readonly #connections = new Map<number, MemoryConnection>();
  #last = 0;

  constructor(post: Post) {
    this.#out = new Gathered(post);
  }

  /** What waits crosses now. */
  readonly flush = (): void => this.#out.flush();

  readonly accept = (connection: MemoryConnection): void => {
    this.#last += 1;
    const id = this.#last;
    const { transport, address, request } = connection;
    this.#connections.set(id, connection);
    connection.onMessage = (bytes) => this.#out.add({ id, kind: 'message', bytes });
    connection.onClose = (code) => {
      this.#connections.delete(id);
      this.#out.add({ id, kind: 'close', code, reason: '' });
    };
    this.#out.add({ id, kind: 'open', transport, address, request });
  };

  take(crossings: readonly Crossing[]): void {
    for (const crossing of crossings) {
      const connection = this.#connections.get(crossing.id);
      if (crossing.kind === 'message') connection?.send(crossing.bytes);
      if (crossing.kind === 'close') connection?.close(crossing.code, crossing.reason);
    }
  }
}

/** The hub's end: connections of agents in another process, for its gateway. */
export class WayToFleet {
  readonly #accept: (link: Link, request: LinkRequest) => void;
  readonly #out: Gathered;
  readonly #links = new Map<number, FarLink>();

  constructor(by: { accept: (link: Link, request: LinkRequest) => void; post: Post }) {
    this.#accept = by.accept;
    this.#out = new Gathered(by.post);
  }

  take(crossings: readonly Crossing[]): void {
    for (const crossing of crossings) {
      const { id } = crossing;
      if (crossing.kind === 'open') this.#open(crossing);
      if (crossing.kind === 'message') this.#links.get(id)?.onMessage(crossing.bytes);
      if (crossing.kind === 'close') this.#links.get(id)?.ended(crossing.code);
    }
  }

  #open({ id, transport, address, request }: Extract<Crossing, { kind: 'open' }>): void {
    const link = new FarLink({
      ...{ transport, address },
      send: (bytes) => this.#out.add({ id, kind: 'message', bytes }),
      close: (code, reason) => this.#out.add({ id, kind: 'close', code, reason }),
      gone: () => this.#links.delete(id),
    });
    this.#links.set(id, link);
    this.#accept(link, request);
  }
}

interface Way {
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Nothing more crosses. */
  gone(): void;
}

class FarLink implements Link {
  readonly transport: Link['transport'];
  readonly address: string;
  readonly buffered = 0;
  onMessage: (message: Uint8Array) => void = () => undefined;
  onClose: (code: number) => void = () => undefined;
  readonly #way: Way;
  #closed = false;

  constructor(by: Pick<Link, 'transport' | 'address'> & Way) {
    this.transport = by.transport;
    this.address = by.address;
    this.#way = by;
  }

  send(message: Uint8Array): void {
    // It crosses later, and the sender may use its buffer again.
    if (!this.#closed) this.#way.send(message.slice());
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#way.close(code, reason);
    this.ended(code);
  }

  ended(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#way.gone();
    this.onClose(code);
  }
}

/** So long something waits for more: a message between two processes costs as much as what an agent does for it. */
const GATHER_MS = 2;

/** One message between the processes for all that crosses within a moment. */
class Gathered {
  readonly #post: Post;
  #waiting: Crossing[] = [];

  constructor(post: Post) {
    this.#post = post;
  }

  add(crossing: Crossing): void {
    if (this.#waiting.push(crossing) === 1) setTimeout(this.flush, GATHER_MS);
  }

  readonly flush = (): void => {
    const crossings = this.#waiting;
    this.#waiting = [];
    if (crossings.length > 0) this.#post(crossings);
  };
}
