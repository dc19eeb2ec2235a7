import { kindOf, parseParams } from '@stoa/protocol';
import { describe, expect, it, vi } from 'vitest';
import { UpdateWorld } from '#update/update-world.fixture.ts';
import { agentRollback } from '#work/kinds/agent-rollback.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';

/** An agent that runs the newest of these versions; the others are kept as they ran. */
async function running(...versions: string[]) {
  const world = await UpdateWorld.make();
  const store = world.installation.store();
  const ids: string[] = [];
  for (const version of versions) {
    const id = await store.stage(world.installation.delivery(version));
    await store.select(id);
    await store.keep(id);
    ids.push(id);
  }
  const agent = await world.boot({ version: versions.at(-1)!, slot: ids.at(-1)! });
  world.connect(agent);
  await vi.waitFor(() => expect(agent.updater.view().previous).toHaveLength(versions.length - 1), 60_000);
  const handler = agentRollback({ updates: () => agent.updater });
  const run = (to: string) => {
    // The job itself, until its result is written down.
    agent.jobs.running = 1;
    return handler.run(runningJob('agent-rollback', { to }).job);
  };
  return { world, agent, run, first: async () => (await store.state()).slots[0]!.version };
}

describe('a rollback by order', () => {
  it('goes back to the version that is named, once the job itself has ended', async () => {
    const { world, agent, run, first } = await running('1.1.0', '1.2.0', '1.3.0');
    expect(await run('1.1.0')).toEqual({ report: { from: '1.3.0', to: '1.1.0' } });
    await world.reaches(agent, 'draining');
    await world.pass(4_000);
    expect(agent.restarts()).toBe(0);
    agent.jobs.running = 0;
    await world.pass(2_000);
    await vi.waitFor(() => expect(agent.restarts()).toBe(1), 60_000);
    expect(await first()).toBe('1.1.0');
    expect(agent.told.at(-1)).toMatchObject({ assignment: undefined, target: '1.1.0', state: 'trying' });
  });

  it('changes nothing where that version is not kept, runs already, or another update is too far', async () => {
    const { world, agent, run, first } = await running('1.1.0', '1.2.0');
    await expect(run('1.0.9')).rejects.toMatchObject({
      code: 'no_previous',
      message: expect.stringContaining('1.2.0 can go back to 1.1.0'),
    });
    expect(await run('1.2.0')).toEqual({ report: { from: '1.2.0', to: '1.2.0' } });
    expect(agent.updater.view().state).toBe('idle');
    agent.updater.assigned(world.publish('1.4.0', 2));
    await world.reaches(agent, 'draining');
    await expect(run('1.1.0')).rejects.toMatchObject({ code: 'busy', retry: true });
    expect(await first()).not.toBe('1.1.0');
  });

  it.each(['1.2', '01.2.3', '1.2.3-rc', '', '../1.2.3'])('is of no version %j', (to) => {
    const { parameters } = kindOf('agent-rollback');
    expect(() => parseParams(parameters, JSON.stringify({ to }))).toThrow();
  });
});
