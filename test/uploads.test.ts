/** A backup on its way to the region's storage, in parts that a real hub signs: what is there is not sent again. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createClock, createDisk, createHttp, createJobHandlers, type KindDeps } from '@stoa/agent';
import { fromHex, type Job, type JobMessage, seal, UPLOAD_PATH, uploadAskKind } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { S3Storage } from './kit/s3-storage.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';

const MIB = 2 ** 20;
const SNAPSHOT = '1700000000000000';

describe('a backup to the storage of the region', () => {
  const stack = new AsyncDisposableStack();
  const seed = new Uint8Array(32).fill(7);
  const owner = nodeCrypto.signingKey(new Uint8Array(32).fill(8));
  /** Of the snapshot: it makes an archive of three parts. */
  let database = Buffer.alloc(129 * MIB, 5);
  let reads = 0;
  let site: TestHub;
  let storage: S3Storage;
  /** That the hub knows nothing of. */
  let other: S3Storage;
  let deps: KindDeps;
  let nodeId: string;
  /** A place of the node in the storage, as the hub would give it. */
  const pathOf = (at: string, of = nodeId) => `/bucket/${of.slice(0, 16)}/20261126T08000${at}`;

  beforeAll(async () => {
    storage = stack.use(await S3Storage.start());
    other = stack.use(await S3Storage.start());
    const cas = [storage.ca];
    // As NODE_EXTRA_CA_CERTS does for a hub by itself.
    setDefaultCACertificates([...getCACertificates('default'), ...cas]);
    const { path: directory } = stack.use(await temporaryDirectory());
    const keyFile = join(directory, 'key');
    await writeFile(keyFile, 'AKID:secret\n', { mode: 0o600 });
    site = stack.use(
      await openTestHub({
        env: { ARCHIVES_URL: `${storage.origin}/bucket/`, ARCHIVES_KEY_FILE: keyFile },
      }),
    );
    nodeId = (await site.enrol()).nodeId;
    const { publicKey } = nodeCrypto.signingKey(seed);
    await site.database
      .sql`update nodes set public_key = ${Buffer.from(publicKey)} where node_id = ${nodeId}`;
    const node = createServer((request, response) =>
      response.end(request.url?.includes('make-backup') ? SNAPSHOT : 'backup-done'),
    ).listen(0, '127.0.0.1');
    await once(node, 'listening');
    stack.defer(() => void node.close());
    const http = createHttp({ clock: createClock(), ca: cas });
    const { port } = node.address() as AddressInfo;
    const real = createClock();
    deps = {
      // Pauses between two tries are none.
      clock: { ...real, after: (_ms: number, task: () => void) => real.after(0, task) },
      random: (count: number) => new Uint8Array(randomBytes(count)),
      disk: createDisk(),
      http,
      nodeHttp: http,
      rootSteps: () => ({
        run: async (step: string, { onBytes }: { onBytes?: (bytes: Uint8Array) => void | Promise<void> }) => {
          if (step === 'snapshot-read') {
            reads += 1;
            await onBytes?.(database);
          }
          return { exitCode: 0 };
        },
      }),
      config: { dataDir: directory, network: 'stoa', chainwebUrl: `http://127.0.0.1:${port}` },
      nodeSeed: async () => seed,
      ownerKey: async () => owner.publicKey,
      hub: async () => site.hub.url.origin,
    } as unknown as KindDeps;
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  async function makeJob(to: string): Promise<string> {
    const jobId = randomUUID();
    const params = JSON.stringify({ to });
    await site.database.sql`
      insert into jobs (job_id, batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state, attempt,
        max_attempts, scheduled_at, deadline, created_at)
      values (${jobId}, gen_random_uuid(), ${nodeId}, 'a@x.io', 'agent', 'backup-stoachain', 'disruptive', true, true,
        ${params}, 'running', 0, 3, now(), now(), now())`;
    return jobId;
  }

  /** The next attempt, by an agent that was started anew. */
  async function attempt(jobId: string, to: string) {
    const [row] = await site.database.sql<[{ attempt: number }]>`
      update jobs set attempt = attempt + 1 where job_id = ${jobId} returning attempt`;
    const lease = {
      ...{ jobId: fromHex(jobId.replaceAll('-', '')), nodeId: fromHex(nodeId), attempt: row.attempt },
    } as Job;
    const message: JobMessage = {
      sealed: Uint8Array.of(row.attempt),
      hub: { root: new Uint8Array(32), region: new Uint8Array(), instance: new Uint8Array() },
      order: undefined,
    };
    storage.asked.length = 0;
    return createJobHandlers(deps)['backup-stoachain'].run({
      kind: 'backup-stoachain',
      params: { to },
      ...{ lease, message },
      signal: new AbortController().signal,
      log: () => undefined,
      progress: () => undefined,
    });
  }
  it('goes on at its last part, by the next attempt too, and begins anew only where the storage has forgotten it', async () => {
    const to = `${storage.origin}${pathOf('1')}?X-Amz-Signature=of-one-put`;
    const jobId = await makeJob(to);
    storage.cutFrom = 2;
    await expect(attempt(jobId, to)).rejects.toMatchObject({ code: expect.stringMatching(/^http_/) });
    expect(new Set(storage.asked)).toEqual(new Set([1, 2]));
    storage.forget();
    // From before, and not this archive.
    storage.objects.set(pathOf('1'), Buffer.alloc(7));
    storage.cutFrom = 3;
    await expect(attempt(jobId, to)).rejects.toMatchObject({ code: expect.stringMatching(/^http_/) });
    expect(new Set(storage.asked)).toEqual(new Set([1, 2, 3]));
    storage.cutFrom = undefined;
    // Its URL has ended; then the answer to the end of the upload is lost.
    storage.faults.push({ at: 'part', with: 403 }, { at: 'complete', with: 'cut after' });
    const { report } = await attempt(jobId, to);
    expect([storage.asked, reads]).toEqual([[3, 3], 1]);
    const object = storage.objects.get(pathOf('1'));
    expect(createHash('sha256').update(object!).digest('hex')).toBe(report['sha256']);
    expect(await createDisk().stat(join(deps.config.dataDir, 'backups/unsent'))).toBeUndefined();
  });

  it('goes to other storage whole, by the URL of its order', async () => {
    database = Buffer.alloc(MIB, 6);
    const to = `${other.origin}/mine/backup?X-Amz-Signature=x`;
    const { report } = await attempt(await makeJob(to), to);
    const object = other.objects.get('/mine/backup');
    expect(createHash('sha256').update(object!).digest('hex')).toBe(report['sha256']);
    expect(other.asked).toEqual([]);
  });

  it('is planned for nobody but the node, while it runs that very attempt', async () => {
    const to = `${storage.origin}${pathOf('2')}?X-Amz-Signature=x`;
    const own = await makeJob(to);
    const ask = async (change: { jobId?: string; attempt?: number; by?: Uint8Array } = {}) => {
      const jobId = change.jobId ?? own;
      const body = {
        ...{
          nodeId: fromHex(nodeId),
          jobId: fromHex(jobId.replaceAll('-', '')),
          attempt: change.attempt ?? 0,
        },
        ...{ bytes: 100 * MIB, upload: '', from: 1 },
      };
      const url = `${site.hub.url.origin}${UPLOAD_PATH}`;
      const sealed = seal(uploadAskKind, body, nodeCrypto.signingKey(change.by ?? seed));
      return (await fetch(url, { method: 'POST', body: new Uint8Array(sealed) })).status;
    };
    expect(await ask()).toBe(200);
    expect(await ask({ by: new Uint8Array(32).fill(9) })).toBe(404);
    expect(await ask({ attempt: 1 })).toBe(404);
    // An operator may sign any URL into a job of his own node.
    for (const path of [pathOf('1', 'f'.repeat(64)), `/bucket/${nodeId.slice(0, 16)}/..%2fother`, '/bucket/'])
      expect(await ask({ jobId: await makeJob(`${storage.origin}${path}`) })).toBe(404);
    const acts = await site.database.sql`select actor, detail from audit_log
      where act = 'backup.upload' and subject = ${nodeId} and detail->>'job' = ${own}`;
    expect(acts).toEqual([
      { actor: 'hub', detail: { object: `${storage.origin}${pathOf('2')}`, job: own, attempt: 0 } },
    ]);
    const more = Array.from({ length: 8 }, () => ask());
    expect((await Promise.all(more)).sort().at(-1)).toBe(429);
    await site.database.sql`update jobs set state = 'succeeded' where job_id = ${own}`;
    expect(await ask()).toBe(404);
    const noise = await fetch(`${site.hub.url.origin}${UPLOAD_PATH}`, { method: 'POST', body: 'noise' });
    expect(noise.status).toBe(404);
  });
});
