import type { LookupAddress } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '#clock.ts';
import { createHttp } from '#http.ts';
import { createProxies } from '#proxy.ts';
import { addressesIn, isPublicAddress } from '#public-address.ts';
import { mirrorHttp, type Resolve } from '#update/mirror-http.ts';

const clock = createClock();
const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 };
const PUBLIC: LookupAddress = { address: '8.8.8.8', family: 4 };

/** A server on this machine, and how often it was asked. */
async function serve() {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end('tree');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { port, asked: () => asked };
}

/** Answers each question by the next of these. */
function names(...answers: LookupAddress[][]): { resolve: Resolve; asked: () => number } {
  let asked = 0;
  const resolve: Resolve = (_host, _options, done) =>
    done(null, answers[Math.min(asked++, answers.length - 1)]!);
  return { resolve, asked: () => asked };
}

function mirrors(by: { resolve: Resolve; hub?: string; allow?: string; proxy?: string }) {
  const besides = addressesIn(by.allow ?? '');
  const proxies = createProxies({ clock, proxyFor: () => by.proxy ?? '' });
  return mirrorHttp({
    http: createHttp({ clock, proxies }),
    hub: () => by.hub ?? 'https://hub.example',
    allowed: (address) => isPublicAddress(address) || besides(address),
    resolve: by.resolve,
  });
}

describe('a mirror on the word of a hub', () => {
  const get = (http: ReturnType<typeof mirrors>, url: string) => http.request({ url, timeoutMs: 10_000 });

  it.each([
    ['stands for a private address', [LOOPBACK]],
    ['stands for a public address and a private one', [PUBLIC, LOOPBACK]],
  ])('is not connected to where its name %s', async (_, found) => {
    const { port, asked } = await serve();
    const http = mirrors(names(found));
    const url = `http://cdn.example:${port}/metadata/timestamp.json`;
    await expect(get(http, url)).rejects.toMatchObject({ code: 'http_not_public' });
    await expect(http.stream({ url, timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'http_not_public' });
    expect(asked()).toBe(0);
  });

  it('is connected to at the address that was judged, whatever its name says a moment later', async () => {
    const { port, asked } = await serve();
    const answers = names([LOOPBACK], [{ address: '10.0.0.1', family: 4 }]);
    const http = mirrors({ ...answers, allow: '127.0.0.0/8' });
    expect(Buffer.from((await get(http, `http://cdn.example:${port}/`)).body).toString()).toBe('tree');
    expect([asked(), answers.asked()]).toEqual([1, 1]);
    await expect(get(http, `http://cdn.example:${port}/`)).rejects.toMatchObject({ code: 'http_not_public' });
    expect(asked()).toBe(1);
  });

  it('is not asked through a proxy, which resolves by itself', async () => {
    const { port, asked } = await serve();
    const http = mirrors({ ...names([PUBLIC]), proxy: `http://127.0.0.1:${port}` });
    await expect(get(http, 'http://cdn.example/')).rejects.toMatchObject({ code: 'http_not_public' });
    expect(asked()).toBe(0);
  });

  it('that is the hub itself may lie anywhere', async () => {
    const { port, asked } = await serve();
    const hub = `http://127.0.0.1:${port}`;
    await get(mirrors({ ...names(), hub }), `${hub}/releases/metadata/timestamp.json`);
    expect(asked()).toBe(1);
  });
});
