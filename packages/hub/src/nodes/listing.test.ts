import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { NodeAccess } from '../accounts/index.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { systemClock } from '../clock.ts';
import type { Viewer } from '../viewer.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { ListedStates } from './listed-states.ts';
import { type ListPage, NodeListing, type Position } from './listing.ts';
import { type Instant, Liveness } from './liveness.ts';
import { parseSelector } from './node-selector.ts';
import { insertNodes, nodeIdOf } from './rows.fixture.ts';
import { anyFacts, NOW } from './state.fixture.ts';
import { stateName } from './state.ts';

const everybody = someViewer();
const at: Instant = { now: NOW, intervalMs: 30_000, graceUntil: 0 };
const everything = '';

describe('NodeListing', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let listing: NodeListing;
  // Many labels twice: the node id decides then.
  const nodes = fc.sample(anyFacts, { numRuns: 333, seed: 3 }).map((facts, i) => ({
    nodeId: nodeIdOf(i),
    label: i % 9 === 0 ? 'twin' : `Rack${Math.floor(i / 40)}-Node${i % 40}`,
    facts,
  }));

  beforeAll(async () => {
    database = await openTemporary();
    listing = new NodeListing({
      sql: database.sql,
      access: new NodeAccess({ sql: database.sql }),
      clock: systemClock,
      heads: { heads: () => [] },
    });
    await insertNodes(database.sql, nodes);
    const liveness = new Liveness({ clock: { now: () => NOW } });
    await new ListedStates({ sql: database.sql, clock: { now: () => NOW }, liveness }).tick();
  }, 60_000);
  afterAll(() => database.close());

  const pageOf = (viewer: Viewer, text: string, position: Position) =>
    listing.page(viewer, parseSelector(text), position, at);

  async function walk(text: string): Promise<ListPage[]> {
    const pages: ListPage[] = [];
    let position: Position;
    do {
      const page: ListPage = await pageOf(everybody, text, position);
      pages.push(page);
      // Through the address, as a browser does.
      position = page.next && { after: decodeCursor(encodeCursor(page.next)) };
    } while (position !== undefined);
    return pages;
  }

  const idsOf = (pages: readonly ListPage[]) => pages.flatMap((page) => page.rows.map((row) => row.nodeId));

  it('walks over every node once, in order, and back the same way', async () => {
    const forwards = await walk(everything);
    const ids = idsOf(forwards);
    expect(new Set(ids).size).toBe(nodes.length);
    expect(forwards.map((page) => page.rows.length)).toEqual([50, 50, 50, 50, 50, 50, 33]);
    const backwards: ListPage[] = [forwards.at(-1)!];
    while (backwards[0]!.previous)
      backwards.unshift(await pageOf(everybody, everything, { before: backwards[0]!.previous }));
    expect(idsOf(backwards)).toEqual(ids);
    expect([backwards[0]!.previous, backwards.at(-1)!.next]).toEqual([undefined, undefined]);
  });

  it('gives readers who ask at the same time each his own page', async () => {
    const pages = await walk(everything);
    const asked = pages.slice(0, -1).flatMap((page) => Array.from({ length: 5 }, () => page.next!));
    const answers = await Promise.all(asked.map((after) => pageOf(everybody, everything, { after })));
    expect(answers.map((page) => idsOf([page]))).toEqual(
      asked.map((after) => idsOf([pages[pages.findIndex((page) => page.next === after) + 1]!])),
    );
  });

  it('shows the first page where there is too little before a place', async () => {
    const first = await pageOf(everybody, everything, undefined);
    const third = first.rows[2]!;
    expect(
      await pageOf(everybody, everything, { before: { label: third.label, nodeId: third.nodeId } }),
    ).toEqual(first);
  });

  it('filters by the derived state', async () => {
    for (const state of ['online', 'offline', 'behind', 'quarantined'] as const) {
      const expected = nodes
        .filter(({ facts }) => stateName(facts, at) === state)
        .map(({ nodeId }) => nodeId);
      expect(idsOf(await walk(`state:${state}`)).sort()).toEqual(expected.sort());
      expect(expected.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['rack3', (label: string) => label.startsWith('Rack3-')],
    ['node 7 rack1', (label: string) => /^Rack1-Node7$/.test(label)],
    ['NODE12', (label: string) => label.endsWith('Node12')],
    ['rack1-node3', (label: string) => /^Rack1-Node3\d?$/.test(label)],
    ['owner stoa eu', () => true],
    ['ode12', () => false],
    ["' or 1=1", () => false],
    ['%', () => false],
  ])('finds words by their beginning: %s', async (text, matches) => {
    const expected = nodes.filter(({ label }) => matches(label)).map(({ nodeId }) => nodeId);
    expect(idsOf(await walk(text)).sort()).toEqual(expected.sort());
  });

  it('finds a node by the beginning of its id', async () => {
    const { nodeId } = nodes[5]!;
    expect(idsOf(await walk(nodeId.slice(0, 12).toUpperCase()))).toEqual([nodeId]);
  });

  it('shows what is one’s own or shared, and nothing else', async () => {
    const mine = nodes.filter((_, i) => i % 7 === 0).map(({ nodeId }) => nodeId);
    const shared = nodes[5]!.nodeId;
    await database.sql`update nodes set owner = 'ann@x.example' where node_id = any(${mine}::text[])`;
    await database.sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${shared}, 'ann@x.example', 'viewer', 'owner@stoa.example', now())`;
    const ann = someViewer('ann@x.example', 'operator');
    const { rows } = await pageOf(ann, everything, undefined);
    expect(rows.map(({ nodeId }) => nodeId).sort()).toEqual([...mine, shared].sort());
    const found = await pageOf(ann, 'state:online', undefined);
    expect(found.rows.every(({ nodeId }) => [...mine, shared].includes(nodeId))).toBe(true);
    expect((await listing.find(ann, shared))?.nodeId).toBe(shared);
    expect(await listing.find(ann, nodes[6]!.nodeId)).toBeUndefined();
    expect((await listing.find(everybody, nodes[6]!.nodeId))?.nodeId).toBe(nodes[6]!.nodeId);
  });

  it('leaves out ids that are no nodes', async () => {
    expect(await listing.byIds(['nobody'])).toEqual([]);
  });
});

describe('cursor', () => {
  it('survives any label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const cursor = { label: text.replaceAll('\0', ''), nodeId: nodeIdOf(1) };
        expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor);
      }),
    );
  });

  it.each(['', 'x', '!!!', Buffer.from('z'.repeat(70)).toString('base64url'), 'AAAA'.repeat(40)])(
    'refuses %s with a pointed error',
    (text) => {
      expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'bad_cursor', status: 400 }));
    },
  );
});
