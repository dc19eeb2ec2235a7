/** Work on real agents over real sockets: two instances of a region on one database, and a hub that is killed. */
import type { JobHandlers } from '@stoa/agent';
import { systemClock } from '@stoa/hub';
import { createJobTools, type JobTools } from '@stoa/hub/jobs';
import { Liveness, parseSelector } from '@stoa/hub/nodes';
import type { Viewer } from '@stoa/hub/viewer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentHost } from './kit/agent-host.ts';
import type { TestHub } from './kit/hub.ts';
import { HubHome } from './kit/hub-process.ts';
import { HubSite, sessionAt } from './kit/hub-site.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { until } from './kit/until.ts';
import { random } from './kit/wire-agent.ts';

const ENV = { HANDSHAKES_PER_ADDRESS: '1000', RECONNECT_WINDOW_SECONDS: '1' };
const ADMIN: Viewer = {
  accountId: 'root',
  email: 'root@example.org',
  tier: 'ancient',
  confirmedAt: 0,
  keyScopes: undefined,
};

/** A kind that reads, and lasts until it is told to end. */
class Probe {
  readonly #ends: (() => void)[] = [];
  began = 0;

  readonly handlers: JobHandlers = {
    'system-probe': {
      run: async ({ log, signal }) => {
        this.began += 1;
        log('it begins');
        await new Promise<void>((resolve, reject) => {
          this.#ends.push(resolve);
          signal.addEventListener('abort', () => reject(signal.reason));
        });
        log('it ends');
        return { report: { cores: 8 } };
      },
    },
  };

  end(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

/** The one job of a submit for this node. */
async function submit({ desk, reader }: Pick<JobTools, 'desk' | 'reader'>, nodeId: string): Promise<string> {
  const selector = parseSelector(`id:${nodeId}`);
  const request = { kind: 'system-probe', params: {}, selector, expected: 1 } as const;
  const { batchId } = await desk.submit(ADMIN, request);
  const { jobs } = await reader.list(ADMIN, { batchId });
  return jobs[0]!.jobId;
}

const reaches = ({ reader }: Pick<JobTools, 'reader'>, jobId: string, state: string) =>
  until(`a job that is ${state}`, async () => (await reader.show(ADMIN, jobId))?.state === state);

/** The node has said what it can do. */
const ready = ({ desk }: Pick<JobTools, 'desk'>, nodeId: string) =>
  until('a node that takes work', async () => {
    const selector = parseSelector(`id:${nodeId}`);
    return (await desk.plan(ADMIN, { kind: 'system-probe', params: {}, selector })).nodes === 1;
  });

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

describe('two instances on one database', () => {
  let site: HubSite;
  let first: TestHub;
  let second: TestHub;
  beforeAll(async () => {
    site = await HubSite.open();
    [first, second] = [await site.start('hub-1', ENV), await site.start('hub-2', ENV)];
  });
  afterAll(async () => {
    await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
    await site[Symbol.asyncDispose]();
  });

  it('give a job that one takes to a node of the other, and either tells of its result, receipts and log', async () => {
    await using host = await AgentHost.create();
    const nodeId = await host.enroll(first);
    const probe = new Probe();
    await host.start(probe.handlers);
    await ready(second.hub.jobs, nodeId);
    expect(sessionAt(first, nodeId)).toBeDefined();
    const jobId = await submit(second.hub.jobs, nodeId);
    await reaches(second.hub.jobs, jobId, 'running');
    const following = textOf(second.hub.jobs.logs.follow(jobId, 0, AbortSignal.timeout(60_000)));
    probe.end();
    await reaches(second.hub.jobs, jobId, 'succeeded');
    const job = await second.hub.jobs.reader.show(ADMIN, jobId);
    expect(job).toMatchObject({ attempt: 1, report: '{"cores":8}', code: '' });
    expect(await second.hub.jobs.reader.receipts(jobId)).toMatchObject([
      { taken: 'recorded', outcome: 'succeeded', number: 1, link: 'follows' },
    ]);
    expect(await following).toMatch(/it begins[\s\S]*it ends/);
    const log = await second.hub.jobs.logs.open(jobId);
    expect(await textOf(log!.bytes(0, log!.size - 1))).toBe(await following);
    expect(probe.began).toBe(1);
  });

  it('cancel what runs at the other', async () => {
    await using host = await AgentHost.create();
    const nodeId = await host.enroll(first);
    await host.start(new Probe().handlers);
    await ready(second.hub.jobs, nodeId);
    const jobId = await submit(second.hub.jobs, nodeId);
    await reaches(first.hub.jobs, jobId, 'running');
    expect(await second.hub.jobs.desk.cancel(ADMIN, { jobIds: [jobId] })).toBe(1);
    await reaches(second.hub.jobs, jobId, 'cancelled');
    expect((await second.hub.jobs.reader.show(ADMIN, jobId))?.message).toContain('root@example.org');
  });
});

describe('a hub that is killed', () => {
  it('F22 while a job runs comes back to it: one attempt, one effect, its result and its receipt', async () => {
    await using home = await HubHome.create();
    await using logs = await temporaryDirectory();
    const killed = await home.serve(ENV);
    await using database = await home.openDatabase();
    const registry = home.registryOf(database);
    const url = new URL(home.origin);
    await using host = await AgentHost.create();
    const nodeId = await host.enroll({ hub: { url, tokens: registry.tokens } } as TestHub);
    const probe = new Probe();
    await host.start(probe.handlers);
    const tools = await createJobTools({
      ...{
        sql: database.sql,
        clock: systemClock,
        random,
        logDirectory: logs.path,
        heads: { heads: () => [] },
      },
      liveness: new Liveness({ clock: systemClock }),
      orders: {
        signerOf: () => 'nobody@x.example',
        verify: () => Promise.reject(new Error('no order')),
        carried: () => Promise.resolve(new Map()),
      },
      fetch: (address, init) => fetch(address, init),
    });
    await ready(tools, nodeId);
    const jobId = await submit(tools, nodeId);
    await reaches(tools, jobId, 'running');
    await killed.kill('SIGKILL');
    probe.end();
    await home.serve(ENV);
    await reaches(tools, jobId, 'succeeded');
    expect(await tools.reader.show(ADMIN, jobId)).toMatchObject({ attempt: 1 });
    expect(await tools.reader.receipts(jobId)).toMatchObject([{ taken: 'recorded' }]);
    expect(probe.began).toBe(1);
  });
});
