import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { NodeAccess } from '../accounts/index.ts';
import { systemClock } from '../clock.ts';
import { NodeListing } from './listing.ts';
import { insertNodes, nodeIdOf } from './rows.fixture.ts';
import { anyFacts, anyInstant } from './state.fixture.ts';
import { STATES, stateName } from './state.ts';
import { stateSql } from './state-sql.ts';

const NODES = 2_000;

describe('stateSql', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  const nodes = fc
    .sample(anyFacts, { numRuns: NODES, seed: 7 })
    .map((facts, i) => ({ nodeId: nodeIdOf(i), label: `node ${i}`, facts }));

  beforeAll(async () => {
    database = await openTemporary();
    for (let i = 0; i < NODES; i += 500) await insertNodes(database.sql, nodes.slice(i, i + 500));
  }, 60_000);
  afterAll(() => database.close());

  it('says of every row what the plain function says of its facts', async () => {
    const { sql } = database;
    const met = new Set<string>();
    for (const at of fc.sample(anyInstant, { numRuns: 25, seed: 11 })) {
      const rows = await sql<{ node_id: string; state: string }[]>`
        select n.node_id, ${stateSql(sql, at)} as state from nodes n left join node_status s using (node_id)`;
      const bySql = new Map(rows.map((row) => [row.node_id, row.state]));
      for (const { nodeId, facts } of nodes) {
        met.add(stateName(facts, at));
        if (bySql.get(nodeId) !== stateName(facts, at))
          expect({ facts, at, sql: bySql.get(nodeId) }).toEqual({ facts, at, sql: stateName(facts, at) });
      }
    }
    expect([...met].sort()).toEqual([...STATES].sort());
  });

  it('reads back the very facts that were written', async () => {
    const some = nodes.slice(0, 40);
    const read = await new NodeListing({
      sql: database.sql,
      clock: systemClock,
      access: new NodeAccess({ sql: database.sql }),
      heads: { heads: () => [] },
    }).details(some.map(({ nodeId }) => nodeId));
    const facts = new Map(read.map((node) => [node.nodeId, node.facts]));
    for (const node of some) expect(facts.get(node.nodeId)).toEqual(node.facts);
  });
});
