import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Dialler, placesOf } from './dial.ts';

describe('the places of a database URL', () => {
  it.each([
    ['db', [{ host: 'db', port: 5432 }]],
    [
      'a:5433,b',
      [
        { host: 'a', port: 5433 },
        { host: 'b', port: 5432 },
      ],
    ],
    [
      '[::1]:6000,10.0.0.1',
      [
        { host: '::1', port: 6000 },
        { host: '10.0.0.1', port: 5432 },
      ],
    ],
    ['fe80::1', [{ host: 'fe80::1', port: 5432 }]],
  ])('%s', (hosts, places) => {
    expect(placesOf(hosts, 5432)).toEqual(places);
  });
});

describe('a dialler', () => {
  it('takes the hosts in turn, and rejects where nobody listens', async () => {
    await using server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const dialler = new Dialler(
      [
        { host: '127.0.0.1', port },
        { host: '127.0.0.1', port: 1 },
      ],
      5_000,
    );
    const socket = await dialler.dial();
    expect(socket).toMatchObject({ host: '127.0.0.1', port, remotePort: port });
    socket.destroy();
    await expect(dialler.dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const again = await dialler.dial();
    expect(again.remotePort).toBe(port);
    again.destroy();
  });
});
