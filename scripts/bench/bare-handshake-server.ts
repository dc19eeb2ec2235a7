/**
 * The peer of the handshake bench: what no mutual handshake over a WebSocket can do without, and nothing else. One
 * accept, one signed offer, one verified answer, one X25519; no database, no admission, no codec, no session.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { nodeCrypto } from '@stoa/protocol/node';
import { WebSocketServer } from 'ws';
import { random } from '../../test/kit/wire-agent.ts';

const key = nodeCrypto.signingKey(random(32));
const ephemeral = nodeCrypto.exchangeKey(random(32));

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  const nonce = random(32);
  socket.send(Buffer.concat([nonce, ephemeral.publicKey, key.sign(nonce)]));
  socket.once('message', (hello: Buffer) => {
    const [publicKey, peer] = [hello.subarray(0, 32), hello.subarray(32, 64)];
    if (!nodeCrypto.verify(publicKey, nonce, hello.subarray(64))) throw new Error('a Hello does not verify');
    socket.send(ephemeral.shared(peer));
  });
});
await once(server, 'listening');

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1000);
});
process.send?.((server.address() as AddressInfo).port);
