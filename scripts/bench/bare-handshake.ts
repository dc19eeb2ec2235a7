import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeCrypto } from '@stoa/protocol/node';
import { WebSocket } from 'ws';
import { random } from '../../test/kit/wire-agent.ts';

const CONNECTING_AT_ONCE = 200;

/** Bare handshakes per CPU second of their server, the first `warmUp` not counted. See `bare-handshake-server.ts`. */
export async function bareHandshakesPerCpuSecond(count: number, warmUp: number): Promise<number> {
  const child = fork(fileURLToPath(new URL('bare-handshake-server.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const told = async () => Number((await once(child, 'message'))[0]);
  const cpuMs = () => {
    child.send('usage');
    return told();
  };
  const sockets: WebSocket[] = [];
  try {
    const url = `ws://127.0.0.1:${await told()}`;
    await connectMany(url, warmUp, sockets);
    const before = await cpuMs();
    await connectMany(url, count, sockets);
    return count / (((await cpuMs()) - before) / 1000);
  } finally {
    for (const socket of sockets) socket.terminate();
    child.kill();
  }
}

async function connectMany(url: string, count: number, sockets: WebSocket[]): Promise<void> {
  let left = count;
  async function worker(): Promise<void> {
    while (left > 0) {
      left -= 1;
      sockets.push(await meet(url));
    }
  }
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, worker));
}

async function meet(url: string): Promise<WebSocket> {
  const key = nodeCrypto.signingKey(random(32));
  const ephemeral = nodeCrypto.exchangeKey(random(32));
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const [offer] = (await once(socket, 'message')) as [Buffer];
  const welcomed = once(socket, 'message');
  socket.send(Buffer.concat([key.publicKey, ephemeral.publicKey, key.sign(offer.subarray(0, 32))]));
  await welcomed;
  return socket;
}
