import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRootClient, RootStepError } from '#root/client.ts';
import { CHAINWEB_UNIT, makeJob, makeRootWorld } from '#root/root.fixture.ts';
import { withAftermath, withRollback } from '#work/kinds/aftermath.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';
import { settle } from '#work/kinds/settle.ts';

const STARTED = `systemctl start -- ${CHAINWEB_UNIT}`;
const signal = new AbortController().signal;

async function makeCut() {
  const world = await makeRootWorld();
  const deps = kindDeps(world);
  const { job } = runningJob('benchmark-node');
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  // The agent's end: nobody goes on with it.
  void withAftermath(deps, job, 'node-start', () => {
    begin();
    return new Promise<never>(() => undefined);
  });
  await begun;
  await world.steps(job.message).run('node-stop', { signal });
  const told: string[] = [];
  const log = {
    info: (event: string) => void told.push(event),
    error: (event: string) => void told.push(event),
  };
  const marked = async () => (await deps.disk.stat(join(world.directory, 'unsettled-job'))) !== undefined;
  const ran = () => world.ran.map(({ argv }) => argv.join(' '));
  return { world, deps, job, told, log, marked, ran };
}

describe('a job that ended with its agent', () => {
  it('is put back by the next one, once', async () => {
    const { deps, told, log, marked, ran } = await makeCut();
    expect(await marked()).toBe(true);
    await settle(deps, log);
    expect(ran().at(-1)).toBe(STARTED);
    expect([await marked(), told]).toEqual([false, ['job-put-back']]);
    await settle(deps, log);
    expect(told).toHaveLength(1);
  });

  it('is put back later where the privileged unit is away', async () => {
    const { world, deps, told, log, marked } = await makeCut();
    const socketPath = join(world.directory, 'nobody.sock');
    await settle(
      {
        ...deps,
        rootSteps: createRootClient({ socketPath, time: () => undefined, ownerKeyChanges: async () => [] }),
      },
      log,
    );
    expect([await marked(), told]).toEqual([true, ['job-not-put-back']]);
  });

  it('is given up where another job has been obeyed since', async () => {
    const { world, deps, told, log, marked } = await makeCut();
    await world
      .steps(makeJob({ kind: 'stoachain-control', params: { action: 'restart' } }))
      .run('node-restart', { signal });
    await settle(deps, log);
    expect([await marked(), told]).toEqual([false, ['job-not-put-back']]);
  });
});

describe('a job that fails', () => {
  it('is told by its own failure where it had changed nothing yet', async () => {
    const world = await makeRootWorld();
    const deps = kindDeps(world);
    const params = { url: 'https://example.org/c', sha256: 'ab'.repeat(32), gateMinutes: 15 };
    const { job, log } = runningJob('stoachain-upgrade', params);
    const refused = withRollback(deps, job, {
      step: 'node-back',
      work: async () => {
        throw new RootStepError('root_not_kept', 'the container would lose a device');
      },
    });
    await expect(refused).rejects.toMatchObject({ code: 'root_not_kept' });
    expect(log.at(-1)).toContain('set no node aside');
    expect(await deps.disk.list(world.directory)).not.toContain('unsettled-job');
  });

  it('is put back before its failure is told, with its mark taken away', async () => {
    const world = await makeRootWorld();
    const deps = kindDeps(world);
    const { job, log } = runningJob('benchmark-node');
    const failing = withAftermath(deps, job, 'node-start', async () => {
      await world.steps(job.message).run('node-stop', { signal });
      throw new Error('it failed');
    });
    await expect(failing).rejects.toThrow('it failed');
    expect(world.ran.at(-1)?.argv.join(' ')).toBe(STARTED);
    expect(log.join('\n')).toContain('it failed');
    expect(await deps.disk.list(world.directory)).not.toContain('unsettled-job');
  });
});
