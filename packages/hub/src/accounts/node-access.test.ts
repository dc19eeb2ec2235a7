import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { Tier, Viewer } from '../viewer.ts';
import { NodeAccess } from './node-access.ts';

const id = (digit: string) => digit.repeat(64);
const viewer = (email: string, tier: Tier = 'operator'): Viewer => ({
  accountId: email,
  email,
  tier,
  confirmedAt: 0,
  keyScopes: undefined,
});

describe('access to nodes', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let access: NodeAccess;

  beforeAll(async () => {
    database = await openTemporary();
    access = new NodeAccess({ sql: database.sql });
    await database.sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select id, 'n', owner, 'eu', '\\x00'::bytea, '\\x00'::bytea, now()
      from unnest(${[id('a'), id('b')]}::text[], ${['ann@x.example', 'bob@x.example']}::text[]) as t(id, owner)`;
    await database.sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${id('a')}, 'bob@x.example', 'operator', 'ann@x.example', now()),
        (${id('a')}, 'cid@x.example', 'viewer', 'ann@x.example', now())`;
  }, 60_000);
  afterAll(() => database.close());

  it.each([
    ['ann@x.example', 'operator', { viewer: 'a', operator: 'a', owner: 'a' }],
    ['bob@x.example', 'operator', { viewer: 'ab', operator: 'ab', owner: 'b' }],
    ['cid@x.example', 'baron', { viewer: 'a', operator: '', owner: '' }],
    ['dee@x.example', 'modern', { viewer: '', operator: '', owner: '' }],
    ['eve@x.example', 'ancient', { viewer: 'ab', operator: 'ab', owner: 'ab' }],
  ] as const)('%s, %s', async (email, tier, expected) => {
    const asked = [id('a'), id('b'), id('c')];
    for (const [role, nodes] of Object.entries(expected)) {
      const among = await access.among(viewer(email, tier), asked, role as 'viewer');
      expect(
        among
          .map((found) => found[0])
          .toSorted()
          .join(''),
      ).toBe(nodes);
    }
    const seen = await database.sql<{ node_id: string }[]>`
      select n.node_id from nodes n where ${access.visible(viewer(email, tier))}`;
    expect(
      seen
        .map(({ node_id: found }) => found[0])
        .toSorted()
        .join(''),
    ).toBe(expected.viewer);
  });
});
