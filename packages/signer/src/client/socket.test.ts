import { chmod, link, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectSigner } from '#client/socket.ts';
import { signingKey, TestRegion } from '#region.fixture.ts';
import type { SignerService } from '#service.ts';
import { type SignerServer, serveSigner } from '#wire/server.ts';

let dir: string;
let socketPath: string;
let region: TestRegion;
let service: SignerService;
const open: { close(): unknown }[] = [];

function keep<T extends { close(): unknown }>(item: T): T {
  open.push(item);
  return item;
}

async function serve(path = socketPath): Promise<SignerServer> {
  return keep(await serveSigner(service, { listening: { socketPath: path }, onError: () => undefined }));
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stoa-signer-'));
  socketPath = join(dir, 's.sock');
  region = new TestRegion();
  service = await region.open();
});

afterEach(async () => {
  for (const item of open.splice(0)) await item.close();
  await rm(dir, { recursive: true });
});

describe('the client', () => {
  test('without a signer says where it looked and that a retry can help', async () => {
    const signer = keep(connectSigner({ socketPath }));
    const attempt = signer.status();
    await expect(attempt).rejects.toMatchObject({ code: 'signer_unreachable', retry: true });
    await expect(attempt).rejects.toThrow(socketPath);
  });

  test('comes back by itself once the signer is there, and after each of its restarts', async () => {
    const signer = keep(connectSigner({ socketPath }));
    await expect(signer.status()).rejects.toMatchObject({ code: 'signer_unreachable' });
    for (let restart = 0; restart < 3; restart += 1) {
      const server = await serve();
      expect(await signer.status()).toMatchObject({ region: 'eu' });
      await server.close();
    }
  });

  test('sends a request again whose answer was lost with the connection; nothing happens twice', async () => {
    const hub = await lossyProxy(join(dir, 'lossy.sock'));
    await serve();
    const signer = keep(connectSigner({ socketPath: join(dir, 'lossy.sock') }));
    await signer.status();
    hub.loseNextAnswer();
    const { publicKey } = signingKey('node');
    const tokenId = new Uint8Array(16);
    const credential = await signer.enrol({ publicKey, tokenId });
    expect(hub.lost).toBe(1);
    expect(await signer.enrol({ publicKey, tokenId })).toEqual(credential);
    expect((await signer.status()).enrolmentsLastHour).toBe(1);
  });

  test('does not wait for a signer that hangs', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => void silent.listen(socketPath, resolve));
    keep(silent);
    const signer = keep(connectSigner({ socketPath, timeoutMs: 20 }));
    await expect(signer.status()).rejects.toMatchObject({ code: 'signer_timeout', retry: true });
  });

  test('drops a peer that is no signer', async () => {
    const other = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => void other.listen(socketPath, resolve));
    keep(other);
    const signer = keep(connectSigner({ socketPath }));
    await expect(signer.status()).rejects.toMatchObject({ code: 'signer_unreachable' });
  });

  test('closing it rejects what is in flight', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => void silent.listen(socketPath, resolve));
    keep(silent);
    const signer = connectSigner({ socketPath });
    const waiting = signer.status();
    await signer.close();
    await expect(waiting).rejects.toMatchObject({ code: 'signer_closed' });
  });
});

describe('the server', () => {
  const bits = async (path: string) => (await stat(path)).mode & 0o777;

  test('makes its directory 0700 and its socket 0600, and takes the socket away', async () => {
    const path = join(dir, 'new', 's.sock');
    const server = await serve(path);
    expect(await bits(path)).toBe(0o600);
    expect(await bits(join(dir, 'new'))).toBe(0o700);
    await server.close();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('refuses a directory that others may enter, naming chmod', async () => {
    await mkdir(join(dir, 'open'));
    await chmod(join(dir, 'open'), 0o755);
    const attempt = serve(join(dir, 'open', 's.sock'));
    await expect(attempt).rejects.toThrow(/has mode 0755: run 'chmod 700/);
  });

  test('replaces a socket that a dead process left', async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => void dead.listen(join(dir, 'dead.sock'), resolve));
    // The name outlives its listener, as after kill -9.
    await link(join(dir, 'dead.sock'), socketPath);
    await new Promise<void>((resolve) => void dead.close(() => resolve()));
    await serve();
    const signer = keep(connectSigner({ socketPath }));
    expect(await signer.status()).toMatchObject({ region: 'eu' });
  });

  test('never takes the socket of a living process, nor a file that is none', async () => {
    await serve();
    await expect(serve()).rejects.toThrow(/another process serves/);
    await writeFile(join(dir, 'file'), 'precious');
    await expect(serve(join(dir, 'file'))).rejects.toThrow(/is no socket: it was left alone/);
    await symlink(socketPath, join(dir, 'link'));
    await expect(serve(join(dir, 'link'))).rejects.toThrow(/is no socket/);
  });

  test('refuses a path longer than the kernel takes', async () => {
    const attempt = serve(join(dir, 'x'.repeat(110)));
    await expect(attempt).rejects.toThrow(/at most 107/);
  });

  test('hangs up on noise, and goes on serving others', async () => {
    await serve();
    for (const noise of [Buffer.alloc(64, 0xff), Buffer.from([0, 0, 0, 2, 1, 2])]) {
      const socket = createConnection(socketPath);
      socket.write(noise);
      await new Promise<void>((resolve) => void socket.once('close', () => resolve()).resume());
    }
    const signer = keep(connectSigner({ socketPath }));
    expect(await signer.status()).toMatchObject({ region: 'eu' });
  });

  test('closing answers what is in hand, and nothing after it', async () => {
    const server = await serve();
    const signer = keep(connectSigner({ socketPath }));
    await signer.status();
    const { arrived, resume } = region.disk.pause();
    const { publicKey } = signingKey('node');
    const waiting = signer.enrol({ publicKey, tokenId: new Uint8Array(16) });
    await arrived;
    const closed = server.close();
    resume();
    expect((await waiting).node.length).toBeGreaterThan(64);
    await closed;
    await expect(signer.status()).rejects.toMatchObject({ code: 'signer_unreachable' });
  });
});

/** Passes everything on, but can swallow an answer and hang up, once it was given. */
async function lossyProxy(path: string): Promise<{ loseNextAnswer(): void; readonly lost: number }> {
  const state = { lose: false, lost: 0 };
  const proxy: Server = createServer((near) => {
    const far: Socket = createConnection(socketPath);
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      if (!state.lose) return void near.write(chunk);
      state.lose = false;
      state.lost += 1;
      near.destroy();
      far.destroy();
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => void proxy.listen(path, resolve));
  keep(proxy);
  return {
    loseNextAnswer: () => {
      state.lose = true;
    },
    get lost() {
      return state.lost;
    },
  };
}
