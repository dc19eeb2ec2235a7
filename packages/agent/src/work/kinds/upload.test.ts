import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encode, peek, UPLOAD_PATH, type UploadPlan, uploadAskKind, uploadPlan, utf8 } from '@stoa/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '#clock.ts';
import { makeRootWorld } from '#root/root.fixture.ts';
import { backupDirectory } from '#work/kinds/archive-file.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';
import { findUnsent, noteUnsent, sendArchive } from '#work/kinds/upload.ts';

const ARCHIVE = '0123456789';
type Answer = 404 | { upload: string; partBytes: number; parts: string[] };

/** Sends the archive by these answers of the hub. @returns what the hub was asked, and each request to the storage. */
async function send(answers: Answer[]) {
  const asked: string[] = [];
  const stored: string[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (request.url !== UPLOAD_PATH) {
      stored.push(request.method === 'PUT' ? `${request.url} ${body}` : `${request.method} ${request.url}`);
      return response.setHeader('etag', '"e"').end();
    }
    const { upload, from } = peek(uploadAskKind, body);
    asked.push(`${upload}:${from}`);
    const answer = answers.shift() ?? 404;
    if (answer === 404) return response.writeHead(404).end();
    const parts = answer.parts.map((path) => `${origin}${path}`);
    const plan: UploadPlan = { ...answer, parts, complete: `${origin}/${answer.upload}/all`, whole: false };
    return response.end(encode(uploadPlan, plan));
  };
  const server = createServer((request, response) => void respond(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const real = createClock();
  const deps = kindDeps(await makeRootWorld(), {
    hub: async () => origin,
    // Pauses between two tries are none.
    clock: { ...real, after: (_ms, task) => real.after(0, task) },
  });
  const directory = backupDirectory(deps.config);
  await mkdir(directory);
  const path = join(directory, 'x.stoa-archive');
  await deps.disk.writeAtomic(path, ARCHIVE);
  const { job } = runningJob('backup-stoachain', { to: 'disk' });
  const running = { ...job, params: { to: `${origin}/whole` }, lease: { ...job.lease, attempt: 1 } };
  const archive = { path, bytes: utf8(ARCHIVE).length, sha256: '', snapshot: '1', sealedTo: '' };
  await sendArchive(deps, running, await noteUnsent(deps, running, archive));
  expect(await findUnsent(deps, running)).toBeUndefined();
  return { asked, stored };
}

describe('an archive that is sent', () => {
  it('goes on with its parts after a hub that did not know of its attempt for a moment', async () => {
    const plan = { upload: 'a', partBytes: 5 };
    const { asked, stored } = await send([{ ...plan, parts: ['/a/1'] }, 404, { ...plan, parts: ['/a/2'] }]);
    expect(asked).toEqual([':1', 'a:2', 'a:2']);
    expect(stored).toEqual(['/a/1 01234', '/a/2 56789', 'POST /a/all']);
  });

  it('begins anew where its parts would be of two sizes', async () => {
    const { asked, stored } = await send([
      { upload: 'a', partBytes: 5, parts: ['/a/1'] },
      { upload: 'a', partBytes: 8, parts: ['/a/2'] },
      { upload: 'b', partBytes: 8, parts: ['/b/1', '/b/2'] },
    ]);
    expect(asked).toEqual([':1', 'a:2', ':1']);
    expect(stored).toEqual(['/a/1 01234', '/b/1 01234567', '/b/2 89', 'POST /b/all']);
  });

  it('goes whole where the hub has begun nothing for it', async () => {
    expect(await send([404])).toEqual({ asked: [':1'], stored: [`/whole ${ARCHIVE}`] });
  });
});

describe('what is known of an archive that was not sent whole', () => {
  it('is nothing where its record is rotten: the backup is made anew', async () => {
    const deps = kindDeps(await makeRootWorld());
    const directory = backupDirectory(deps.config);
    await mkdir(directory);
    await deps.disk.writeAtomic(join(directory, 'unsent'), 'stoa-unsent-2 AAAA AAAA\n');
    const { job } = runningJob('backup-stoachain', { to: 'https://s3.example/b/1' });
    expect(await findUnsent(deps, job)).toBeUndefined();
  });
});
