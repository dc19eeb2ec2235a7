import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Forwarder extends AsyncDisposable {
  readonly origin: string;
  /** Where new connections lead. */
  target: URL;
  /** Swallows everything in both directions, of open and of new connections, as a NAT does that forgot the flow. */
  blackHole: boolean;
  /** Breaks every open connection. */
  cut(): void;
}

/** A TCP forwarder on a free loopback port, for faults on the way. */
export async function startForwarder(target: URL): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(forwarder.target.port), forwarder.target.hostname);
    pass(client, upstream);
    pass(upstream, client);
  });
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (!forwarder.blackHole) to.write(chunk);
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const forwarder: Forwarder = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    blackHole: false,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return forwarder;
}
