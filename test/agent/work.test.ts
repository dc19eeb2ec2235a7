/** Jobs from the hub's desk to a real agent core and back: real sockets and disks, over both transports. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent, JobHandlers } from '@stoa/agent';
import { isOver, type JobDetail } from '@stoa/hub/jobs';
import { parseSelector } from '@stoa/hub/nodes';
import type { KindName } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentHost } from '../kit/agent-host.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { VIEWER } from '../kit/lease-world.ts';

let world: TestHub;
beforeAll(async () => {
  world = await openTestHub();
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

/** Holds a job until it is told to go on. */
class Gate {
  readonly entered = Promise.withResolvers<void>();
  readonly open = Promise.withResolvers<void>();
  readonly handlers: JobHandlers = {
    'node-test': {
      run: async ({ signal, log, progress }) => {
        log('before the gate');
        progress(50, 'at the gate');
        this.entered.resolve();
        const cut = new Promise<never>((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
        await Promise.race([this.open.promise, cut]);
        log('behind the gate');
        return { report: { passed: true } };
      },
    },
    'system-probe': { run: async () => ({ report: { cores: 4 } }) },
  };
}

async function ready(agent: Agent): Promise<void> {
  const said = async () => {
    const rows = await world.database.sql`select 1 from node_work where node_id = ${agent.nodeId}`;
    expect([agent.link().state, rows.length]).toEqual(['established', 1]);
  };
  await vi.waitFor(said, { timeout: 60_000, interval: 50 });
}

async function submit(kind: KindName, nodeId: string): Promise<string> {
  const selector = parseSelector(`id:${nodeId}`);
  const { batchId } = await world.hub.jobs.desk.submit(VIEWER, { kind, params: {}, selector, expected: 1 });
  const [job] = await world.database.sql<
    { job_id: string }[]
  >`select job_id from jobs where batch_id = ${batchId}`;
  return job!.job_id;
}

async function over(jobId: string): Promise<JobDetail> {
  return vi.waitFor(
    async () => {
      const job = await world.hub.jobs.reader.show(VIEWER, jobId);
      expect(job && isOver(job.state)).toBe(true);
      return job!;
    },
    { timeout: 60_000, interval: 50 },
  );
}

describe.each(['websocket', 'long-poll'] as const)('work by %s', (transport) => {
  it('is pulled, done, told by a chained result, and its log is stored', async () => {
    await using host = await AgentHost.create({ transport });
    const nodeId = await host.enroll(world);
    const gate = new Gate();
    const agent = await host.start(gate.handlers);
    await ready(agent);
    const jobId = await submit('node-test', nodeId);
    await gate.entered.promise;
    expect(agent.work().running).toMatchObject([{ kind: 'node-test', percent: 50, step: 'at the gate' }]);
    gate.open.resolve();
    expect(await over(jobId)).toMatchObject({ state: 'succeeded', attempt: 1, report: '{"passed":true}' });
    expect(await world.hub.jobs.reader.receipts(jobId)).toMatchObject([{ taken: 'recorded', number: 1 }]);
    const log = await vi.waitFor(
      async () => {
        const stored = await world.hub.jobs.logs.open(jobId);
        expect(stored!.size).toBeGreaterThan(60);
        return stored!;
      },
      { timeout: 60_000 },
    );
    let text = '';
    for await (const piece of log.bytes(0, log.size - 1)) text += new TextDecoder().decode(piece);
    expect(text).toMatch(/Z before the gate\n.*Z behind the gate\n$/);
    await vi.waitFor(() => expect(agent.work()).toMatchObject({ waiting: 0, running: [] }), {
      timeout: 60_000,
    });
    const [directory] = await readdir(join(host.directory, 'identities/default'), {
      withFileTypes: true,
    }).then((entries) => entries.filter((entry) => entry.isDirectory()));
    const kept = join(host.directory, 'identities/default', directory!.name, 'work');
    expect(await readdir(join(kept, 'results'))).toEqual(['000000000000.log']);
    await vi.waitFor(async () => expect(await readdir(join(kept, 'logs'))).toEqual([]), { timeout: 60_000 });
  }, 60_000);

  it('ends where somebody cancels it', async () => {
    await using host = await AgentHost.create({ transport });
    const nodeId = await host.enroll(world);
    const gate = new Gate();
    const agent = await host.start(gate.handlers);
    await ready(agent);
    const jobId = await submit('node-test', nodeId);
    await gate.entered.promise;
    await world.hub.jobs.desk.cancel(VIEWER, { jobIds: [jobId] });
    expect(await over(jobId)).toMatchObject({ state: 'cancelled', code: 'cancelled' });
  }, 60_000);
});

it('F22 a job that the agent’s end cut off is told by its next process, and done again', async () => {
  await using host = await AgentHost.create();
  const nodeId = await host.enroll(world);
  const gate = new Gate();
  const first = await host.start(gate.handlers);
  await ready(first);
  const jobId = await submit('node-test', nodeId);
  await gate.entered.promise;
  await first.stop();
  const next = new Gate();
  next.open.resolve();
  await host.start(next.handlers);
  const job = await over(jobId);
  expect(job).toMatchObject({ state: 'succeeded', attempt: 2 });
  expect((await world.hub.jobs.reader.receipts(jobId)).map(({ outcome }) => outcome).sort()).toEqual([
    'interrupted',
    'succeeded',
  ]);
}, 60_000);
