import type { AgentDescription } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { systemClock } from '../clock.ts';
import { Descriptions } from './descriptions.ts';
import { insertNodes, nodeIdOf } from './rows.fixture.ts';

const described: AgentDescription = {
  agentVersion: '1.4.2',
  runtime: 'node 24',
  hostname: 'node.stoa.example',
  platform: 'linux x64',
  distribution: '',
  kernel: '',
  cpuModel: '',
  cpuCores: 8,
  memTotalMb: 1,
  chainwebVersion: '',
  chainwebNetwork: 'stoa',
  chainwebUrl: '',
  publicAddress: '',
  committedPath: '',
  committedGb: 0,
  driveCommittedGb: 0,
  p2pFingerprint: '',
  p2pPort: 1789,
  process: undefined,
};

describe('Descriptions', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  const ids = [nodeIdOf('a'), nodeIdOf('b')];
  beforeAll(async () => {
    database = await openTemporary();
    const facts = { createdAt: 0, forked: false, chainweb: 'unknown' };
    await insertNodes(
      database.sql,
      ids.map((nodeId, i) => ({ nodeId, label: `node ${i}`, facts })),
    );
  }, 60_000);
  afterAll(() => database.close());

  it('keeps the newest version beside the node, where lists read it', async () => {
    const descriptions = new Descriptions({ sql: database.sql, clock: systemClock });
    const versions = async () =>
      (
        await database.sql`select n.agent_version as listed, d.agent_version as described from nodes n
        left join node_descriptions d using (node_id) order by n.label`
      ).map((row) => [row['listed'], row['described']]);
    await Promise.all([
      descriptions.describe(ids[0]!, described),
      descriptions.describe(nodeIdOf('nobody'), described),
    ]);
    expect(await versions()).toEqual([
      ['1.4.2', '1.4.2'],
      [null, null],
    ]);
    await Promise.all(ids.map((id) => descriptions.describe(id, { ...described, agentVersion: '1.5.0' })));
    expect(await versions()).toEqual([
      ['1.5.0', '1.5.0'],
      ['1.5.0', '1.5.0'],
    ]);
    const chainweb = async (told: string) => {
      await descriptions.describe(ids[0]!, { ...described, agentVersion: '1.5.0', chainwebVersion: told });
      const [row] =
        await database.sql`select chainweb_version, chainweb_key from nodes where node_id = ${ids[0]!}`;
      return [row!['chainweb_version'], row!['chainweb_key']];
    };
    const told = ['2.26.1', '000000002.000000026.000000001.~'];
    expect(await chainweb('2.26.1')).toEqual(told);
    // chainweb-node that is down for a moment tells none.
    expect(await chainweb('')).toEqual(told);
    expect(await chainweb('2.27')).toEqual(['2.27', '000000002.000000027.000000000.~']);
  });
});
