import { describe, expect, it } from 'vitest';
import { makeRootWorld } from '#root/root.fixture.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { nodeTest } from '#work/kinds/node-test.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';

const LISTENING = '00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0';

describe('node-test', () => {
  it('looks at the node’s arguments, ports and certificate', async () => {
    const world = await makeRootWorld();
    const check = async () => {
      const { job } = runningJob('node-test');
      return (await nodeTest(kindDeps(world)).run(job)).report as Record<
        'seen' | 'failed',
        Record<string, string>
      >;
    };
    const { failed } = await check();
    expect(failed['arguments']).toBe('it has no --database-directory');
    expect(failed['ports']).toBe('nothing listens on 1848, 1789');
    expect(failed['certificate']).toBeDefined();
    const argv = ['chainweb-node', '--p2p-hostname', 'a.example', '--database-directory=/srv/db'];
    world.proc.addProcess(4242, { comm: 'chainweb-node', argv });
    world.proc.write('net/tcp', `   0: 0100007F:0738 ${LISTENING}\n   1: 00000000:06FD ${LISTENING}\n`);
    expect((await check()).seen).toMatchObject({ arguments: '3', ports: '1848, 1789' });
  });
});
