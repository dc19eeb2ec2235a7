import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { AllowedAddresses, isPublicAddress } from '../egress-addresses.ts';
import { createResolve, type Resolve } from '../name-resolver.ts';
import { Egress } from './egress.ts';
import { startDns, startHanging, startHttp } from './receivers.fixture.ts';

const signal = () => AbortSignal.timeout(5_000);
const resolving = (...answers: readonly (readonly string[])[]): { resolve: Resolve; asked: () => number } => {
  let asked = 0;
  return {
    asked: () => asked,
    resolve: (_host, done) => {
      const addresses = answers[Math.min(asked, answers.length - 1)]!;
      asked += 1;
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  };
};

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.8.8.8',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'fd00:ec2::254',
    'localhost',
    '',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.32.0.1',
    '223.255.255.254',
    '2606:4700::1111',
    '2a00::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it('may be allowed by network', () => {
    const allowed = new AllowedAddresses(['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
    expect(['10.9.9.9', 'fd00::1', '127.0.0.1', '8.8.8.8'].every((address) => allowed.allows(address))).toBe(
      true,
    );
    expect(['127.0.0.2', '192.168.0.1', 'fe80::1'].some((address) => allowed.allows(address))).toBe(false);
  });
});

describe('egress', () => {
  const shut = (resolve?: Resolve) =>
    new Egress({ allowed: new AllowedAddresses([]), ...(resolve && { resolve }) });

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://100.100.100.200/',
    'http://0/',
    'http://localhost/',
  ])('does not connect to %s', async (url) => {
    const asking = shut().request(new URL(url), { method: 'GET', signal: signal() });
    await expect(asking).rejects.toMatchObject({
      code: 'delivery_failed',
      retry: false,
      message: expect.stringContaining('public internet'),
    });
  });

  it.each(['ftp://1.1.1.1/', 'file:///etc/passwd', 'gopher://1.1.1.1/'])('speaks no %s', async (url) => {
    await expect(shut().request(new URL(url), { method: 'GET', signal: signal() })).rejects.toMatchObject({
      retry: false,
    });
  });

  it('refuses a name of which any address is private', async () => {
    const { resolve } = resolving(['1.1.1.1', '10.0.0.1']);
    await expect(
      shut(resolve).request(new URL('http://mixed.example/'), { method: 'GET', signal: signal() }),
    ).rejects.toMatchObject({ retry: false });
  });

  it('asks for a name once and connects to what it checked, so a second answer can not lead elsewhere', async () => {
    await using http = await startHttp();
    await using trap = await startHttp();
    const { resolve, asked } = resolving(['127.0.0.1'], ['127.0.0.2']);
    const egress = new Egress({ allowed: new AllowedAddresses(['127.0.0.1']), resolve });
    const answer = await egress.request(new URL(`http://rebind.example:${http.port}/x`), {
      method: 'GET',
      signal: signal(),
    });
    expect([answer.status, asked(), http.received.length]).toEqual([204, 1, 1]);
    expect(http.received[0]?.headers.host).toBe(`rebind.example:${http.port}`);
    // Asked anew, the name leads to a private address: refused before anything is sent.
    await expect(
      egress.request(new URL(`http://rebind.example:${trap.port}/x`), { method: 'GET', signal: signal() }),
    ).rejects.toMatchObject({ retry: false });
    expect(trap.received).toEqual([]);
  });

  it('asks DNS and nothing that blocks a thread: names of this machine are not known', async () => {
    await using http = await startHttp();
    await using dns = await startDns({ 'hook.example': '127.0.0.1', 'silent.example': undefined });
    const resolve = createResolve({ servers: [dns.server], timeoutMs: 50, tries: 1 });
    const egress = new Egress({ allowed: new AllowedAddresses(['127.0.0.1', '::1']), resolve });
    const get = (host: string) =>
      egress.request(new URL(`http://${host}:${http.port}/`), { method: 'GET', signal: signal() });
    // Whose DNS hangs has nobody wait who asks for another name.
    const [silent, answered] = await Promise.allSettled([get('silent.example'), get('hook.example')]);
    expect(silent).toMatchObject({ reason: { retry: true, message: 'silent.example: ETIMEOUT' } });
    expect(answered).toMatchObject({ value: { status: 204 } });
    await expect(get('nobody.example')).rejects.toMatchObject({ message: 'nobody.example: ENOTFOUND' });
    await expect(get(hostname())).rejects.toMatchObject({ message: `${hostname()}: ENOTFOUND` });
    expect((await get('localhost')).status).toBe(204);
    expect(dns.asked).not.toContain('localhost');
  });

  it('reads a little of an endless answer, and follows nothing', async () => {
    await using http = await startHttp(({ path }) =>
      path === '/big'
        ? { status: 200, body: 'x'.repeat(5_000_000) }
        : { status: 302, headers: { location: '/big' } },
    );
    const egress = new Egress({ allowed: new AllowedAddresses(['127.0.0.1']) });
    const big = await egress.request(new URL(`${http.url}/big`), { method: 'GET', signal: signal() });
    expect(big.body.length).toBe(16 * 1024);
    const moved = await egress.request(new URL(`${http.url}/moved`), { method: 'GET', signal: signal() });
    expect([moved.status, http.received.length]).toEqual([302, 2]);
  });

  it('ends when its signal says so, and names no path in what it tells', async () => {
    await using deaf = await startHanging();
    const egress = new Egress({ allowed: new AllowedAddresses(['127.0.0.1']) });
    const stop = new AbortController();
    const asking = egress.request(new URL(`${deaf.url}/hush`), { method: 'GET', signal: stop.signal });
    stop.abort();
    await expect(asking).rejects.toMatchObject({ retry: true, message: '127.0.0.1: no answer in time' });
  });
});
