import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { ReleaseTarget } from '@stoa/protocol/release';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { createClock } from '#clock.ts';
import { createHttp } from '#http.ts';
import { createLog } from '#log.ts';
import { TargetStore } from '#update/target-store.ts';

const real = createClock();
/** Silence, the pause before another try. */
const QUICK = new Map([
  [30_000, 150],
  [2_000, 0],
]);
const quick = { ...real, after: (ms: number, task: () => void) => real.after(QUICK.get(ms) ?? ms, task) };

// Half of it can be packed, half can't.
const content = Buffer.concat([randomBytes(60_000), Buffer.alloc(60_000, 'stoa')]);
const packed = zstdCompressSync(content);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const NAME = sha256(content);

function target(bytes: Uint8Array, over: Partial<ReleaseTarget['custom']> = {}): ReleaseTarget {
  const custom = {
    kind: 'payload' as const,
    platform: 'linux-x64' as const,
    version: '1.1.0',
    minLauncher: '1.0.0',
    node: '24.21.0',
    ...over,
  };
  return { path: `${custom.kind}/1.1.0/linux-x64`, sha256: sha256(bytes), length: bytes.length, custom };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

async function mirror(listener: Listener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As a static server gives files, with ranges. */
function files(held: Readonly<Record<string, Uint8Array>>, seen: string[] = []): Listener {
  return (request, response) => {
    const bytes = held[request.url ?? ''];
    seen.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    if (bytes === undefined) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= bytes.length) return void response.writeHead(416).end();
    const rest = bytes.subarray(from);
    const range = from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...range }).end(rest);
  };
}

const good = files({ [`/targets/${NAME}.zst`]: packed });

function makeStore(freeBytes?: number) {
  const directory = mkdtempSync(join(tmpdir(), 'stoa-update-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const disk = createDisk();
  const space = async (path: string) => ({
    ...(await disk.space(path)),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  });
  const lines: string[] = [];
  const log = createLog({ clock: real, level: 'debug', write: (line) => void lines.push(line) });
  const store = new TargetStore({ disk: { ...disk, space }, log, directory });
  const http = createHttp({ clock: real });
  let bytes = 0;
  const received = (count: number): void => {
    bytes += count;
  };
  const stop = new AbortController();
  const fetch = (...mirrors: string[]) => ({ http, clock: quick, signal: stop.signal, mirrors, received });
  const held = () => readdirSync(directory);
  return { store, fetch, directory, held, lines, stop, moved: () => bytes };
}

describe('a download', () => {
  it('brings the packed file, and the plain one where there is no other', async () => {
    const { store, fetch, held, moved } = makeStore();
    const path = await store.obtain(target(content), fetch(await mirror(good)));
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(moved()).toBe(packed.length);
    expect(held()).toEqual([NAME]);
    // It is here: no mirror is asked.
    expect(await store.obtain(target(content), fetch())).toBe(path);
    const plain = makeStore();
    const base = await mirror(files({ [`/targets/${NAME}`]: content }));
    expect(readFileSync(await plain.store.obtain(target(content), plain.fetch(base))).equals(content)).toBe(
      true,
    );
  });

  it('goes on where it was cut, also in another process', async () => {
    const { store, fetch, directory } = makeStore();
    writeFileSync(join(directory, `${NAME}.zst.part`), packed.subarray(0, 10_000));
    const seen: string[] = [];
    let cuts = 0;
    const inner = files({ [`/targets/${NAME}.zst`]: packed }, seen);
    const base = await mirror((request, response) => {
      if (cuts++ > 0) return inner(request, response);
      seen.push(String(request.headers.range));
      response.writeHead(206, {
        'content-length': packed.length - 10_000,
        'content-range': `bytes 10000-${packed.length - 1}/${packed.length}`,
      });
      response.write(packed.subarray(10_000, 30_000));
      // What was not read yet would be lost with the connection.
      const part = join(directory, `${NAME}.zst.part`);
      vi.waitFor(() => expect(statSync(part).size).toBe(30_000), 60_000).then(
        () => response.destroy(),
        () => response.destroy(),
      );
    });
    await store.obtain(target(content), fetch(base));
    expect(seen).toEqual(['bytes=10000-', `/targets/${NAME}.zst bytes=30000-`]);
  });

  it.each<[string, Listener, string]>([
    [
      'of 0 bytes',
      (_q, response) => response.writeHead(200, { 'content-length': 0 }).end(),
      'download_failed',
    ],
    ['cut short', files({ [`/targets/${NAME}.zst`]: packed.subarray(0, 5_000) }), 'download_mismatch'],
    ['with a flipped bit', files({ [`/targets/${NAME}.zst`]: flipped(packed) }), 'download_mismatch'],
    [
      'of another version',
      files({ [`/targets/${NAME}.zst`]: zstdCompressSync(Buffer.alloc(120_000)) }),
      'download_mismatch',
    ],
    ['that is no archive', files({ [`/targets/${NAME}.zst`]: content }), 'download_mismatch'],
    [
      'that unpacks without end',
      files({ [`/targets/${NAME}.zst`]: zstdCompressSync(Buffer.alloc(200_000_000)) }),
      'download_mismatch',
    ],
    ['that never ends', endless, 'download_too_large'],
    [
      'that falls silent',
      (_q, response) => void response.writeHead(200, { 'content-length': 99_999 }).write('abc'),
      'download_slow',
    ],
    ['that fails', (_q, response) => response.writeHead(503).end(), 'download_failed'],
  ])('F16 a file %s is refused, leaves nothing, and the next mirror is asked', async (_name, bad, code) => {
    const { store, fetch, held } = makeStore();
    const base = await mirror(bad);
    await expect(store.obtain(target(content), fetch(base))).rejects.toMatchObject({ code });
    expect(held().filter((name) => name === NAME || name.endsWith('.tmp'))).toEqual([]);
    expect(await store.obtain(target(content), fetch(base, await mirror(good)))).toContain(NAME);
    expect(held()).toEqual([NAME]);
  });

  it('ends who brings a byte now and then', async () => {
    const { store, fetch } = makeStore();
    let minute = 0;
    const racing = { ...quick, monotonic: () => real.monotonic() + minute * 60_000 };
    const base = await mirror((_request, response) => {
      response.writeHead(200, { 'content-length': packed.length });
      const drip = setInterval(() => {
        minute += 0.5;
        response.write('x');
      }, 10);
      response.on('close', () => clearInterval(drip));
    });
    await expect(store.obtain(target(content), { ...fetch(base), clock: racing })).rejects.toMatchObject({
      code: 'download_slow',
      message: expect.stringContaining('in a minute'),
    });
  });

  it('leaves who brings a byte an attempt, or never comes to an end, for the next mirror', async () => {
    for (const step of [0.5, 7]) {
      const { store, fetch } = makeStore();
      let minute = 0;
      const racing = { ...quick, monotonic: () => real.monotonic() + minute * 60_000 };
      const base = await mirror((_request, response) => {
        minute += step;
        const bytes = step > 1 ? 20_000 : 1;
        response.writeHead(200, { 'content-length': 99_999 });
        response.write(Buffer.alloc(bytes, minute), () => response.destroy());
      });
      const path = await store.obtain(target(content), {
        ...fetch(base, await mirror(files({ [`/targets/${NAME}`]: content }))),
        clock: racing,
      });
      expect(readFileSync(path).equals(content)).toBe(true);
      expect(minute).toBeLessThan(60);
    }
  });

  it('F16 refuses before it downloads where three times the size is not free, and does it once there is', async () => {
    const tight = makeStore(3 * content.length - 1);
    const seen: string[] = [];
    const base = await mirror(files({ [`/targets/${NAME}.zst`]: packed }, seen));
    await expect(tight.store.obtain(target(content), tight.fetch(base))).rejects.toMatchObject({
      code: 'no_room',
    });
    expect([seen, tight.held()]).toEqual([[], []]);
    const freed = makeStore(3 * content.length);
    await freed.store.obtain(target(content), freed.fetch(base));
    expect(seen).toHaveLength(1);
  });

  it('F16 what an earlier try left does not poison the next one', async () => {
    const { store, fetch, directory, held } = makeStore();
    writeFileSync(join(directory, NAME), '');
    writeFileSync(join(directory, `${NAME}.zst.part`), 'poison');
    writeFileSync(join(directory, `${'ab'.repeat(32)}.zst.part`), 'of another version');
    await store.obtain(target(content), fetch(await mirror(good)));
    expect(held()).toEqual([NAME]);
  });

  it('F32 makes a runtime of a patch, and takes the whole file where that gives a wrong one', async () => {
    const from = Buffer.concat([content, Buffer.from('the old end')]);
    const next = Buffer.concat([content, Buffer.from('the new end, and more')]);
    const patch = zstdCompressSync(next, { dictionary: from });
    expect(patch.length).toBeLessThan(1_000);
    const runtime = target(next, { kind: 'runtime' });
    const served = {
      [`/targets/${sha256(patch)}`]: patch,
      [`/targets/${sha256(next)}.zst`]: zstdCompressSync(next),
    };
    const seen: string[] = [];
    const base = await mirror(files(served, seen));
    for (const [old, asked] of [
      [from, 1],
      [Buffer.from('another runtime than the patch was made for'), 2],
    ] as const) {
      seen.length = 0;
      const { store, fetch, directory, held, lines } = makeStore();
      const file = join(directory, '..', `${sha256(old)}.runtime`);
      writeFileSync(file, old);
      onTestFinished(() => rmSync(file));
      const patched = { target: target(patch, { kind: 'runtime-patch', from: sha256(from) }), from: file };
      const path = await store.obtain(runtime, fetch(base), patched);
      expect(readFileSync(path).equals(next)).toBe(true);
      expect(seen).toHaveLength(asked);
      expect(held()).toEqual([sha256(next)]);
      expect(lines.join().includes('update-patch-failed')).toBe(asked === 2);
    }
  });

  it('ends at once when it is not wanted any more', async () => {
    const { store, fetch, stop } = makeStore();
    const base = await mirror((_request, response) => {
      response.writeHead(200, { 'content-length': 99_999 }).write('abc');
      stop.abort(new Error('cancelled'));
    });
    await expect(store.obtain(target(content), fetch(base))).rejects.toThrow('cancelled');
  });
});

function flipped(bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  changed[changed.length >> 1]! ^= 4;
  return changed;
}

function endless(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(content));
  };
  response.on('drain', more);
  more();
}
