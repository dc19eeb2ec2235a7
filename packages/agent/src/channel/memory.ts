import {
  type DialTarget,
  isTerminator,
  type Link,
  type LinkEnd,
  type LinkListener,
  type Transport,
  type TransportName,
} from '#channel/transport.ts';
import type { Clock } from '#clock.ts';

/** What may go wrong between one agent and the hub; changed at any time, in force from the next message on. */
export interface MemoryFaults {
  /** Swallows everything in both directions, silently, as a NAT does that forgot the flow (F06). */
  blackHole: boolean;
  /** Nobody listens: connection refused. */
  down: boolean;
  /** An HTTP answer instead of the upgrade, as from a proxy that knows no WebSockets. */
  refuse: number | undefined;
  /** One way, ms; the network's own if absent. */
  latencyMs: number | undefined;
  /** What the agent sends stays in its buffer, as on a link whose window is closed. */
  stalled: boolean;
}

/** The hub's end of a connection; fits what its gateway takes. */
export interface MemoryConnection {
  readonly transport: TransportName;
  readonly address: string;
  readonly request: {
    readonly nonceA: Uint8Array;
    readonly cookie: Uint8Array | undefined;
    readonly host: string;
  };
  send(message: Uint8Array): void;
  close(code: number, reason: string): void;
  readonly buffered: number;
  onMessage: (message: Uint8Array) => void;
  onClose: (code: number) => void;
}

export interface MemoryNetworkOptions {
  clock: Clock;
  /** Undefined while no hub listens: every connection is refused. */
  accept: ((connection: MemoryConnection) => void) | undefined;
  /** One way, ms. Default 0: still never within the call that sent. */
  latencyMs?: () => number;
}

/** Sockets without sockets: order kept, nothing shared between the ends but bytes, all delays on the clock. */
export class MemoryNetwork {
  readonly clock: Clock;
  accept: ((connection: MemoryConnection) => void) | undefined;
  readonly #latencyMs: () => number;

  constructor({ clock, accept, latencyMs = () => 0 }: MemoryNetworkOptions) {
    this.clock = clock;
    this.accept = accept;
    this.#latencyMs = latencyMs;
  }

  /** One for each agent: its faults are its own. */
  transport(options: { name?: TransportName; address?: string } = {}): MemoryTransport {
    return new MemoryTransport(this, options.name ?? 'websocket', options.address ?? '192.0.2.1');
  }

  latency(faults: MemoryFaults): number {
    return faults.latencyMs ?? this.#latencyMs();
  }
}

export class MemoryTransport implements Transport {
  readonly name: TransportName;
  readonly faults: MemoryFaults = {
    blackHole: false,
    down: false,
    refuse: undefined,
    latencyMs: undefined,
    stalled: false,
  };
  /** Attempts so far: what F28 counts. */
  dials = 0;
  readonly #network: MemoryNetwork;
  readonly #address: string;
  readonly #wires = new Set<Wire>();

  constructor(network: MemoryNetwork, name: TransportName, address: string) {
    this.#network = network;
    this.name = name;
    this.#address = address;
  }

  dial(target: DialTarget, listener: LinkListener): Link {
    this.dials += 1;
    const wire = new Wire(this.#network, this.faults, () => this.#wires.delete(wire));
    this.#wires.add(wire);
    return wire.dial({ target, listener, transport: this.name, address: this.#address });
  }

  /** Breaks the live connections; both ends hear of it. */
  cut(): void {
    for (const wire of [...this.#wires]) wire.breakOff();
  }

  /** Lets go what `stalled` held back. */
  resume(): void {
    this.faults.stalled = false;
    for (const wire of [...this.#wires]) wire.flush();
  }
}

interface Dialling {
  target: DialTarget;
  listener: LinkListener;
  transport: TransportName;
  address: string;
}

/** One connection with both its ends. */
class Wire {
  readonly #network: MemoryNetwork;
  readonly #faults: MemoryFaults;
  readonly #gone: () => void;
  #listener: LinkListener | undefined;
  #hub: MemoryConnection | undefined;
  #opened = false;
  #hubClosed = false;
  /** When the last message of each direction arrives: a shorter latency must not overtake. */
  readonly #arrival = { toHub: 0, toAgent: 0 };
  /** What is on its way, in order. Timers only say when the next one arrives: those of one instant may run in any order. */
  readonly #inFlight: Record<'toHub' | 'toAgent', (() => void)[]> = { toHub: [], toAgent: [] };
  #heldBack: Uint8Array[] = [];

  constructor(network: MemoryNetwork, faults: MemoryFaults, gone: () => void) {
    this.#network = network;
    this.#faults = faults;
    this.#gone = gone;
  }

  dial({ target, listener, transport, address }: Dialling): Link {
    this.#listener = listener;
    const host = new URL(target.origin).hostname;
    const request = { nonceA: target.nonceA, cookie: target.cookie, host };
    this.#deliver('toHub', () => {
      const { refuse, down } = this.#faults;
      const { accept } = this.#network;
      if (down || accept === undefined) return this.#refuse();
      if (refuse !== undefined)
        return this.#end({ code: 1006, reason: `HTTP ${refuse}`, httpStatus: refuse });
      this.#opened = true;
      this.#hub = this.#hubEnd(transport, address, request);
      accept(this.#hub);
    });
    return this.#agentEnd(target.origin);
  }

  breakOff(): void {
    this.#end({ code: 1006, reason: 'connection broke' });
    this.#closeHub(1006);
  }

  flush(): void {
    for (const message of this.#heldBack.splice(0)) this.#toHub(message);
    this.#listener?.drained();
  }

  #agentEnd(origin: string): Link {
    const wire = this;
    return {
      send(message) {
        if (wire.#listener === undefined) return;
        if (wire.#faults.stalled) wire.#heldBack.push(message);
        else wire.#toHub(message);
      },
      get buffered() {
        return wire.#heldBack.reduce((sum, message) => sum + message.length, 0);
      },
      acceptsBinding: (binding) => isTerminator(binding, origin),
      close(code, reason) {
        wire.#deliver('toHub', () => wire.#closeHub(code));
        wire.#end({ code, reason });
      },
      destroy() {
        wire.#deliver('toHub', () => wire.#closeHub(1006));
        wire.#end({ code: 1006, reason: 'destroyed' });
      },
    };
  }

  #hubEnd(transport: TransportName, address: string, request: MemoryConnection['request']): MemoryConnection {
    return {
      transport,
      address,
      request,
      buffered: 0,
      onMessage: () => undefined,
      onClose: () => undefined,
      send: (message) => {
        const copy = message.slice();
        if (!this.#hubClosed) this.#deliver('toAgent', () => this.#listener?.message(copy));
      },
      close: (code, reason) => {
        if (this.#hubClosed) return;
        this.#deliver('toAgent', () => this.#end({ code, reason }));
        this.#closeHub(code);
      },
    };
  }

  #toHub(message: Uint8Array): void {
    const copy = message.slice();
    this.#deliver('toHub', () => {
      if (!this.#hubClosed) this.#hub?.onMessage(copy);
    });
  }

  #closeHub(code: number): void {
    if (this.#hubClosed) return;
    this.#hubClosed = true;
    this.#hub?.onClose(code);
  }

  #end(end: Omit<LinkEnd, 'opened'>): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    this.#gone();
    listener.closed({ ...end, opened: this.#opened });
  }

  #refuse(): void {
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    this.#end({ code: 1006, reason: cause.message, cause });
  }

  #deliver(direction: 'toHub' | 'toAgent', task: () => void): void {
    const { clock } = this.#network;
    const now = clock.monotonic();
    const at = Math.max(this.#arrival[direction], now + this.#network.latency(this.#faults));
    this.#arrival[direction] = at;
    const inFlight = this.#inFlight[direction];
    inFlight.push(task);
    clock.after(at - now, () => {
      const next = inFlight.shift();
      if (!this.#faults.blackHole) next?.();
    });
  }
}
