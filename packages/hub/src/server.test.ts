import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { bindServer } from './server.ts';

it('answers from its first moment on: a hub that starts says so, and its own answers come after', async () => {
  const { server, origin, serve } = await bindServer({ host: '127.0.0.1', port: 0, maxConnections: 10 });
  try {
    const early = await fetch(origin);
    expect([early.status, early.headers.get('retry-after'), await early.json()]).toEqual([
      503,
      '1',
      expect.objectContaining({ code: 'starting', retry: true }),
    ]);
    // An agent that comes early is told as well.
    const socket = connect(Number(origin.port), origin.hostname);
    socket.write('GET /agent HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    const [head] = await once(socket, 'data');
    expect(String(head)).toContain('HTTP/1.1 503');
    serve({
      request: (_request, response) => response.end('hub'),
      upgrade: (_request, wire) => wire.destroy(),
    });
    expect(await (await fetch(origin)).text()).toBe('hub');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
