import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createClock, createHttp, type Http, HttpError, VirtualClock } from '@stoa/agent';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../kit/certificate.ts';

const closers: Array<() => Promise<unknown>> = [];
const clock = createClock();
const http = createHttp({ clock });

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = async (listener: RequestListener): Promise<string> =>
  `http://${await listening(createServer(listener))}`;

function failure(pending: Promise<unknown>): Promise<HttpError> {
  return pending.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(HttpError);
      return error as HttpError;
    },
  );
}

describe('a request', () => {
  it('carries method, headers and body there, and status, headers and bytes back', async () => {
    const base = await serve((request, response) => {
      response.writeHead(418, { 'X-Method': request.method, 'X-Asked': request.headers['x-ask'] ?? '' });
      request.pipe(response);
    });
    const answer = await http.request({
      url: `${base}/echo`,
      method: 'POST',
      headers: { 'x-ask': 'yes' },
      body: Uint8Array.of(1, 2, 255),
      timeoutMs: 5000,
    });
    expect(answer.status).toBe(418);
    expect(answer.headers).toMatchObject({ 'x-method': 'POST', 'x-asked': 'yes' });
    expect([...answer.body]).toEqual([1, 2, 255]);
  });

  it('follows no redirect', async () => {
    const base = await serve((_request, response) => response.writeHead(302, { location: '/away' }).end());
    expect((await http.request({ url: base, timeoutMs: 5000 })).status).toBe(302);
  });

  it('takes no more than it asked for', async () => {
    const base = await serve((_request, response) => response.end(Buffer.alloc(1001)));
    expect((await http.request({ url: base, timeoutMs: 5000, maxBytes: 1001 })).body.length).toBe(1001);
    const error = await failure(http.request({ url: base, timeoutMs: 5000, maxBytes: 1000 }));
    expect(error).toMatchObject({ code: 'http_too_large', retry: false });
  });

  it('F29 ends at its time-out, whether the headers or the body hang, and closes the connection', async () => {
    for (const start of [false, true]) {
      const virtual = new VirtualClock();
      const arrived = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      const base = await serve((_request, response) => {
        if (start) response.write('begin');
        response.on('close', closed.resolve);
        arrived.resolve();
      });
      const pending = failure(createHttp({ clock: virtual }).request({ url: base, timeoutMs: 3000 }));
      await arrived.promise;
      await virtual.advance(3000);
      expect(await pending).toMatchObject({ code: 'http_timeout', retry: true });
      await expect(closed.promise).resolves.toBeUndefined();
      expect(virtual.pending).toBe(0);
    }
  });

  it('is given up at the caller’s signal', async () => {
    const stop = new AbortController();
    const base = await serve(() => stop.abort(new Error('stopping')));
    const error = await failure(http.request({ url: base, timeoutMs: 5000, signal: stop.signal }));
    expect(error).toMatchObject({ code: 'http_aborted', cause: stop.signal.reason });
  });

  it('shows neither query nor credentials in an error', async () => {
    const error = await failure(
      http.request({ url: 'http://ada:pw@127.0.0.1:1/x?token=t', timeoutMs: 5000 }),
    );
    expect(error.message).toContain('GET http://127.0.0.1:1/x: ');
  });

  it.each([
    ['http_refused', async () => 'http://127.0.0.1:1'],
    ['http_dns', async () => 'http://no-such-host.invalid'],
    ['http_reset', () => rawServer((socket) => socket.destroy())],
    [
      'http_reset',
      () => rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort')),
    ],
    ['http_malformed', () => rawServer((socket) => socket.end('220 smtp.example ESMTP\r\n'))],
    ['http_tls', async () => (await serve((_q, r) => r.end())).replace('http:', 'https:')],
  ])('says %s when it is so', async (code, start) => {
    const error = await failure(http.request({ url: await start(), timeoutMs: 5000 }));
    expect(error.code).toBe(code);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('repeats a GET whose kept-alive connection the server closed under it', async () => {
    let connections = 0;
    const base = await rawServer((socket) => {
      connections += 1;
      let answered = false;
      socket.on('data', () => {
        // A server that forgets its idle clients: the second request on a connection is reset.
        if (answered) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        answered = true;
      });
    });
    const patient = createHttp({ clock, keepAlive: true });
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await patient.request({ url: base, timeoutMs: 5000 })).status).toBe(200);
    }
    expect(connections).toBe(3);
  });
});

async function rawServer(onSocket: (socket: import('node:net').Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('TLS', () => {
  const { cert, key } = makeCertificate();
  const secure = async (): Promise<string> =>
    `https://${await listening(createSecureServer({ cert, key }, (_request, response) => response.end('in')))}`;
  const get = (by: Http, url: string, selfSigned = false) => by.request({ url, timeoutMs: 5000, selfSigned });

  it('is refused to a certificate of nobody, unless the caller asks for that', async () => {
    const url = await secure();
    expect(await failure(get(http, url))).toMatchObject({ code: 'http_tls', retry: false });
    expect((await get(http, url, true)).status).toBe(200);
  });

  it('accepts a private authority that is named', async () => {
    expect((await get(createHttp({ clock, ca: [cert] }), await secure())).status).toBe(200);
  });

  it('tells the fingerprint as chainweb writes it, on every connection', async () => {
    const raw = new X509Certificate(cert).raw;
    const expected = createHash('sha256').update(raw).digest('base64url');
    const url = await secure();
    const keeping = createHttp({ clock, keepAlive: true });
    for (const by of [http, http, keeping, keeping]) {
      expect((await get(by, url, true)).tlsFingerprint).toBe(expected);
    }
    expect(expected).toHaveLength(43);
  });
});

describe('a stream', () => {
  it('gives chunks as they come, past the time-out of its headers', async () => {
    const virtual = new VirtualClock();
    const more = Promise.withResolvers<void>();
    const base = await serve((_request, response) => {
      response.write('one');
      void more.promise.then(() => response.end('two'));
    });
    const stream = await createHttp({ clock: virtual }).stream({ url: base, timeoutMs: 100 });
    await virtual.advance(10_000);
    const texts: string[] = [];
    for await (const chunk of stream.chunks) {
      texts.push(Buffer.from(chunk).toString());
      more.resolve();
    }
    stream.close();
    expect(texts).toEqual(['one', 'two']);
  });

  it('ends with an error when the connection is cut, and at the caller’s signal', async () => {
    const cut = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
      socket.once('data', () => socket.destroy());
    });
    const drain = async (signal?: AbortSignal): Promise<void> => {
      const stream = await http.stream({ url: cut, timeoutMs: 5000, signal });
      for await (const chunk of stream.chunks) expect(Buffer.from(chunk).toString()).toBe('one');
    };
    expect((await failure(drain())).code).toBe('http_reset');

    const open = await serve((_request, response) => response.write('on'));
    const stop = new AbortController();
    const stream = await http.stream({ url: open, timeoutMs: 5000, signal: stop.signal });
    const reading = (async () => {
      for await (const _ of stream.chunks) stop.abort();
    })();
    expect((await failure(reading)).code).toBe('http_aborted');
  });

  it('closes its connection when it is closed', async () => {
    const closed = Promise.withResolvers<void>();
    const base = await serve((_request, response) => {
      response.on('close', closed.resolve);
      response.write('on');
    });
    const stream = await http.stream({ url: base, timeoutMs: 5000 });
    stream.close();
    stream.close();
    await expect(closed.promise).resolves.toBeUndefined();
  });
});
