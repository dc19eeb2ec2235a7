import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createClock,
  createDisk,
  createHttp,
  createLog,
  fetchSmall,
  ReleaseBook,
  type TargetPatch,
  TargetStore,
} from '@stoa/agent';
import type { ReleaseTarget } from '@stoa/protocol/release';
import type { OtaReleases } from './ota-release.ts';

const MAX_METADATA = 1 << 20;

/** A static mirror that counts the bytes of its answers' bodies. */
export async function countingMirror(releases: OtaReleases) {
  let sent = 0;
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const bytes = await releases.read((request.url ?? '').slice(1));
      response.writeHead(bytes ? 200 : 404, { 'content-length': bytes?.length ?? 0 }).end(bytes);
      sent += bytes?.length ?? 0;
    };
    answer().catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a node moves to learn of a release and to have one of its files, by the agent's own code. */
export async function bytesOfUpdate(
  releases: OtaReleases,
  by: { directory: string; target: ReleaseTarget; patch?: TargetPatch },
): Promise<{ bytes: number; ms: number }> {
  await using mirror = await countingMirror(releases);
  const clock = createClock();
  const parts = {
    disk: createDisk(),
    log: createLog({ clock, level: 'warn', write: (line) => console.error(line) }),
  };
  const http = createHttp({ clock });
  const { signal } = new AbortController();
  const began = clock.monotonic();
  const book = await ReleaseBook.open({
    ...parts,
    directory: `${by.directory}/metadata`,
    anchor: releases.root,
  });
  const fetch = (name: string, maxBytes: number) =>
    fetchSmall(http, `${mirror.base}/metadata/${name}`, {
      maxBytes: Math.min(maxBytes, MAX_METADATA),
      signal,
    });
  await book.refresh(fetch, Date.now());
  const store = new TargetStore({ ...parts, directory: `${by.directory}/downloads` });
  await store.obtain(by.target, { http, clock, signal, mirrors: [mirror.base] }, by.patch);
  return { bytes: mirror.sent, ms: clock.monotonic() - began };
}
