import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstBytes } from './client-hello.ts';

/** What a real client sends first. */
async function helloOf(protocols: readonly string[]): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const options = {
    port: address.port,
    host: '127.0.0.1',
    servername: 'hub.example',
    rejectUnauthorized: false,
  };
  const client = connect({ ...options, ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }) });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

it('tells the proof of a CA from every other client, however the bytes come', async () => {
  const hellos = await Promise.all([['acme-tls/1'], ['http/1.1'], ['h2', 'http/1.1'], []].map(helloOf));
  expect(hellos.map(firstBytes)).toEqual(['proof', 'other', 'other', 'other']);
  for (const hello of hellos)
    for (let length = 0; length < hello.length; length += 1)
      expect(firstBytes(hello.subarray(0, length))).toBe('more');
});

it('waits for no more than a record of TLS, whatever is said', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (said) => {
      const bytes = Buffer.from(said);
      if (bytes.length > 0 && bytes[0] !== 22) expect(firstBytes(bytes)).toBe('other');
      const longest = Buffer.concat([bytes, Buffer.alloc(16_384 + 5)]);
      expect(firstBytes(longest)).not.toBe('more');
    }),
  );
});
