/** kill -9 between any two effects of a job that makes a snapshot, and of the start that tidies up after it. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KindName, ParamValues } from '@stoa/protocol';
import { encodeHeader, type Header } from '@stoa/protocol/chainweb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '#clock.ts';
import { createHttp } from '#http.ts';
import { makeRootWorld, OWNER } from '#root/root.fixture.ts';
import type { StepName } from '#root/steps.ts';
import { backupDirectory, findUnfinished } from '#work/kinds/archive-file.ts';
import { backupStoachain } from '#work/kinds/backup.ts';
import { stoachainUpgrade } from '#work/kinds/deploy.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';
import { seedRefresh } from '#work/kinds/seed.ts';
import { settle } from '#work/kinds/settle.ts';
import { readUnsettled } from '#work/kinds/unsettled.ts';

const PROGRAM = new TextEncoder().encode('a program');
const UPGRADE = {
  url: 'https://example.org/program',
  sha256: createHash('sha256').update(PROGRAM).digest('hex'),
  gateMinutes: 15,
};
const BACKUPS = ['--database-directory', '/srv/chain/db', '--backup-directory', '/srv/chain/backups'];
const HASH = 'A'.repeat(43);
const tip = (): Header => ({
  ...{
    featureFlags: 0n,
    creationTime: BigInt(Date.now()) * 1000n,
    parent: HASH,
    target: 1n,
    payloadHash: HASH,
  },
  adjacents: [1, 2, 3].map((chain) => ({ chain, hash: HASH })),
  ...{ chain: 0, weight: 1n, height: 7, versionCode: 5, epochStart: 0n, nonce: 0n, hash: HASH },
});

/** What lies in the node's backup directory: this job's, and what others have made. */
const lies = new Set<string>();
const OTHERS = '1600000000000000';
const server = createServer((request, response) => {
  const { url = '' } = request;
  if (url.includes('make-backup')) {
    const name = String(Date.now() * 1000);
    lies.add(name);
    response.end(name);
  } else if (url.includes('check-backup')) response.end('backup-done');
  else if (url.endsWith('/cut'))
    response.end(
      JSON.stringify({ hashes: { 0: { height: 7, hash: HASH } }, weight: HASH, height: 7, instance: 'stoa' }),
    );
  else if (url.includes('/header/')) response.end(encodeHeader(tip()));
  else response.end(PROGRAM);
});
let origin = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  lies.clear();
  lies.add(OTHERS);
});

class Life {
  readonly #ends = Promise.withResolvers<'killed'>();
  readonly #buried = new AbortController();
  readonly killed = this.#ends.promise;
  #left: number;

  constructor(left: number) {
    this.#left = left;
  }

  /** Killed before or after an effect, nothing more of it happens. */
  async through<T>(effect: () => Promise<T>): Promise<T> {
    await this.#beat();
    const done = await effect();
    await this.#beat();
    return done;
  }

  /** Its files are closed, as the kernel does; whatever it still tries fails. */
  bury(): void {
    this.#buried.abort(new Error('killed'));
  }

  get signal(): AbortSignal {
    return this.#buried.signal;
  }

  async #beat(): Promise<void> {
    this.#left -= 1;
    if (this.#left >= 0) return;
    this.#ends.resolve('killed');
    if (!this.signal.aborted)
      await new Promise<void>((resolve) => void this.signal.addEventListener('abort', () => resolve()));
    this.signal.throwIfAborted();
  }
}

function mortal(deps: KindDeps, life: Life): KindDeps {
  const { disk, nodeHttp, rootSteps } = deps;
  return {
    ...deps,
    disk: {
      ...disk,
      writeAtomic: (...args) => life.through(() => disk.writeAtomic(...args)),
      remove: (path) => life.through(() => disk.remove(path)),
    },
    nodeHttp: { ...nodeHttp, request: (request) => life.through(() => nodeHttp.request(request)) },
    rootSteps: (message) => {
      const steps = rootSteps(message);
      return { run: (step, run) => life.through(() => steps.run(step, run)) };
    },
  };
}

async function makeHost() {
  const done: StepName[] = [];
  const world = await makeRootWorld(async ({ argv }, io) => {
    if (io.stdin) for await (const _ of io.stdin);
    if (argv[0] === 'find') for (const name of lies) io.onLine?.(name, 'stdout');
    if (argv[0] === 'tar') await io.onBytes?.(PROGRAM);
    if (argv[0] === 'rm') lies.delete(argv.at(-1)?.split('/').at(-1) ?? '');
    return { exitCode: 0 };
  }, BACKUPS);
  const http = createHttp({ clock: createClock() });
  const base = kindDeps(world);
  const deps: KindDeps = {
    ...base,
    config: { ...base.config, chainwebUrl: origin },
    ownerKey: async () => OWNER.publicKey,
    http: {
      ...http,
      stream: (request) =>
        http.stream({ ...request, url: request.url.replace('https://example.org', origin) }),
    },
    rootSteps: (message) => {
      const steps = base.rootSteps(message);
      return {
        run: async (step, run) => {
          const end = await steps.run(step, run);
          done.push(step);
          return end;
        },
      };
    },
  };
  return { world, deps, done };
}

const HANDLER = {
  'seed-refresh': seedRefresh,
  'stoachain-upgrade': stoachainUpgrade,
  'backup-stoachain': backupStoachain,
} as const;
const quiet = { info: () => undefined, error: () => undefined };

/** @returns the steps that root has done, or undefined where the job got to its end. */
async function killedAt(at: number, kind: keyof typeof HANDLER & KindName, params: ParamValues) {
  lies.clear();
  lies.add(OTHERS);
  const { deps, done } = await makeHost();
  const life = new Life(at);
  const { job } = runningJob(kind, params, life.signal);
  const run = HANDLER[kind](mortal(deps, life)).run(job);
  const end = await Promise.race([life.killed, run.then(() => 'ended' as const)]);
  const before = [...done];
  // The start that tidies up is killed too, each time somewhere else.
  const second = new Life(at % 7);
  await Promise.race([second.killed, settle(mortal(deps, second), quiet)]);
  await settle(deps, quiet);
  expect(await readUnsettled(deps), `killed at ${at}`).toBeUndefined();
  const after = done.length;
  await settle(deps, quiet);
  expect(done).toHaveLength(after);
  expect(lies.delete(OTHERS), `killed at ${at}`).toBe(true);
  life.bury();
  await run.catch(() => undefined);
  const unfinished = await findUnfinished(backupDirectory(deps.config));
  return { end, before, done, needed: unfinished?.header.snapshot };
}

describe('kill -9 at every step', () => {
  it('leaves no snapshot of a seed-refresh behind', async () => {
    for (let at = 0; ; at += 1) {
      const { end } = await killedAt(at, 'seed-refresh', {});
      expect([...lies], `killed at ${at}`).toEqual([]);
      if (end === 'ended') break;
      expect(at).toBeLessThan(40);
    }
  });

  it('leaves the snapshot of a backup only where the next attempt goes on with its archive', async () => {
    const kept: boolean[] = [];
    for (let at = 0; ; at += 1) {
      const { end, needed } = await killedAt(at, 'backup-stoachain', { to: 'disk' });
      expect([...lies], `killed at ${at}`).toEqual(needed === undefined ? [] : [needed]);
      kept.push(needed !== undefined);
      if (end === 'ended') break;
      expect(at).toBeLessThan(40);
    }
    expect(kept).toContain(true);
    expect(kept.at(-1)).toBe(false);
  });

  it('leaves the snapshot of an upgrade only where the new program may have spoilt the database', async () => {
    const kept: boolean[] = [];
    for (let at = 0; ; at += 1) {
      const { end, done } = await killedAt(at, 'stoachain-upgrade', UPGRADE);
      if (end === 'ended') break;
      const rolledBack = done.includes('node-back');
      if (rolledBack && done.includes('node-create')) expect([...lies], `killed at ${at}`).toHaveLength(1);
      else if (!rolledBack || !done.includes('node-aside')) expect([...lies], `killed at ${at}`).toEqual([]);
      kept.push(lies.size > 0);
      expect(at).toBeLessThan(80);
    }
    expect(kept).toContain(true);
    expect(kept.at(-1)).toBe(false);
    expect([...lies]).toEqual([]);
  });
});
