import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { systemClock } from '../clock.ts';
import type { AgentSession } from './agent-session.ts';
import { NodeWorkStore } from './node-work-store.ts';

const KEY = 'ab'.repeat(32);

describe('what nodes say of their work', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  it('keeps what the policy allows and whose keys it names, and nothing of one that can not be read', async () => {
    const store = new NodeWorkStore({ sql: database.sql, clock: systemClock });
    const policies = [`deny code\nadmin ${KEY}`, `admin ${KEY}\nperhaps read`, ''];
    await Promise.all(
      policies.map((policy, index) => {
        const node = { nodeId: String(index).repeat(64), site: '' };
        const said = {
          kinds: ['system-probe', 'apt-upgrade', 'of-a-newer-agent'],
          policy,
          fault: '',
          paused: false,
        };
        return store.say({ node } as AgentSession, said);
      }),
    );
    expect(await database.sql`select runs, admins from node_work order by node_id`).toEqual([
      { runs: ['system-probe'], admins: [KEY] },
      { runs: [], admins: [] },
      { runs: ['system-probe', 'apt-upgrade'], admins: [] },
    ]);
  });
});
