import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What may go wrong on the way; each is changed at any time and holds for open and new connections alike. */
export interface WayFaults {
  /** One way, ms. */
  latencyMs: number;
  /** Share of chunks that are lost and come again a while later, holding up all behind them, as TCP does it. */
  loss: number;
  /** Swallows everything in both directions, as a NAT does that forgot the flow (F06). */
  blackHole: boolean;
  /** Bytes a second in each direction; 0: as fast as it goes. */
  bytesPerSecond: number;
  /** Answered instead of a connection to the hub, as by a proxy that thinks itself asked (F05). */
  answer: string | undefined;
}

export interface FaultProxy extends AsyncDisposable {
  readonly origin: string;
  /** Where new connections lead. */
  target: URL;
  readonly faults: WayFaults;
  /** Connections made so far. */
  readonly accepted: number;
  /** Open sockets on both sides: a leak check. */
  readonly open: number;
  /** Ends every open connection in good order. */
  cut(): void;
  /** Breaks every open connection with a RST. */
  reset(): void;
}

export interface FaultProxyOptions {
  readonly faults?: Partial<WayFaults>;
  /** Decides which chunks are lost; seeded, so that a run can be repeated. */
  readonly random?: () => number;
  /** Where set, only the first bytes of a client are looked at: a connection whose head matches gets `faults.answer`. */
  readonly answers?: (head: string) => boolean;
}

/** After so long a lost chunk comes again: Linux' least retransmission time-out. */
const RETRANSMIT_MS = 200;
const TICK_MS = 50;

/** A TCP proxy on a free loopback port that does to its connections what networks do. */
export async function startFaultProxy(target: URL, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  const { random = Math.random, answers = () => true } = options;
  const faults: WayFaults = {
    ...{ latencyMs: 0, loss: 0, blackHole: false, bytesPerSecond: 0, answer: undefined },
    ...options.faults,
  };
  const sockets = new Set<Socket>();
  let accepted = 0;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    accepted += 1;
    track(client);
    client.once('data', (head: Buffer) => {
      client.pause();
      const { answer } = faults;
      if (answer !== undefined && answers(head.toString('latin1'))) return void client.end(answer);
      const upstream = connect(Number(proxy.target.port), proxy.target.hostname);
      track(upstream);
      const up = new Lane(upstream, faults, random);
      const down = new Lane(client, faults, random);
      up.push(head);
      client.on('data', (chunk: Buffer) => up.push(chunk));
      upstream.on('data', (chunk: Buffer) => down.push(chunk));
      client.once('close', () => up.end());
      upstream.once('close', () => down.end());
      client.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const each = (act: (socket: Socket) => void): void => {
    for (const socket of [...sockets]) act(socket);
  };
  const proxy: FaultProxy = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    faults,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    cut: () => each((socket) => socket.destroy()),
    reset: () => each((socket) => socket.resetAndDestroy()),
    async [Symbol.asyncDispose]() {
      proxy.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** One direction of one connection: a queue, so that whatever is held up holds up what comes after it. */
class Lane {
  readonly #to: Socket;
  readonly #faults: WayFaults;
  readonly #random: () => number;
  #tail: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(to: Socket, faults: WayFaults, random: () => number) {
    this.#to = to;
    this.#faults = faults;
    this.#random = random;
  }

  push(chunk: Buffer): void {
    const { latencyMs, loss } = this.#faults;
    const dueAt = performance.now() + latencyMs + (this.#random() < loss ? RETRANSMIT_MS : 0);
    this.#tail = this.#tail.then(async () => {
      await pause(dueAt - performance.now());
      await this.#write(chunk);
    });
  }

  /** The other side has closed: what is under way still arrives, unless it is swallowed. */
  end(): void {
    this.#ended = true;
    void this.#tail.then(() => {
      if (!this.#faults.blackHole) this.#to.end();
      else this.#to.destroy();
    });
  }

  async #write(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && !this.#faults.blackHole && !this.#to.destroyed) {
      const { bytesPerSecond } = this.#faults;
      if (bytesPerSecond === 0 || this.#ended) return void this.#to.write(rest);
      const share = Math.max(1, Math.floor((bytesPerSecond * TICK_MS) / 1000));
      this.#to.write(rest.subarray(0, share));
      rest = rest.subarray(share);
      await pause((1000 * share) / bytesPerSecond);
    }
  }
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
