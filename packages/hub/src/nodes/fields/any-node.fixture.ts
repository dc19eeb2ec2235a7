import fc from 'fast-check';
import type { Sql } from '#seams/db-adapter/index.ts';
import { EVERYTHING, join, negate, printSelector, type Selector } from '../../selector/index.ts';
import { nodeIdOf } from '../rows.fixture.ts';
import { anyFacts } from '../state.fixture.ts';
import { STATES } from '../state.ts';
import type { NodeFacts } from './facts.ts';

export const HEAD = 1_000;
const TAGS = ['lab', 'lab-2', 'rack', "o'hara", 'back\\slash', 'with space', 'ünï', '%_', ''];
const VERSIONS = [
  '1',
  '1.4',
  '1.4.0',
  '1.4.2',
  'v1.4.2',
  '1.4.2+b.7',
  '1.4.2-rc.1',
  '1.4.2-rc.2',
  '1.4.2-rc.10',
  '1.4.2-rc',
  '1.4.2-alpha.1',
  '1.4.2-1',
  '1.4.2-0a',
  '1.4.2-rc.1.x-y',
  '1.10.0',
  '2.0.0-beta.00000000012',
  '0.9',
  '1.4.2-',
  'dev',
  '1.4.2\n',
  '',
  '10.0.0',
  '1.4.2-a..b',
  '999999999.1.1',
  '1234567890.1.1',
  `1.4.2-${'x'.repeat(120)}`,
];
const LABELS = [
  'Rack1-Node3',
  'rack1-node33',
  'RACK-12b',
  'a_b%c',
  'plain',
  'ZÜRICH 7',
  'node 007',
  "it's",
  'back\\slash',
  '-dash',
  'a:b(c)"d"',
];
const OWNERS = ['', 'a@x.io', 'b@x.io', 'owner97@stoa.example'];

export const anyNode: fc.Arbitrary<Omit<NodeFacts, 'nodeId'>> = fc
  .record({
    label: fc.constantFrom(...LABELS),
    owner: fc.constantFrom(...OWNERS),
    region: fc.constantFrom('eu', 'na', 'eu-west'),
    role: fc.constantFrom('miner', 'relay'),
    hwType: fc.constantFrom('vps', 'pi'),
    tags: fc.subarray(TAGS),
    agentVersion: fc.option(fc.constantFrom(...VERSIONS), { nil: undefined }),
    chainwebVersion: fc.option(fc.constantFrom(...VERSIONS), { nil: undefined }),
    simulated: fc.boolean(),
    unpaid: fc.boolean(),
    facts: anyFacts,
    heights: fc
      .array(
        fc.option(fc.oneof(fc.integer({ min: HEAD - 8, max: HEAD + 4 }), fc.constant(2 ** 63)), { nil: 0 }),
        {
          minLength: 10,
          maxLength: 10,
        },
      )
      .map((heights) => new Map(heights.map((height, chain) => [chain, height ?? 0]))),
  })
  .map((node) =>
    node.facts.lastSeen === undefined ? { ...node, heights: new Map<number, number>() } : node,
  );

export function manyNodes(count: number, seed: number): NodeFacts[] {
  return fc
    .sample(anyNode, { numRuns: count, seed })
    .map((node, i) => ({ ...node, nodeId: nodeIdOf(`${seed}/${i}`) }));
}

/** Writes what isn't of the state, which `insertNodes` wrote. */
export async function describeNodes(sql: Sql, nodes: readonly NodeFacts[]): Promise<void> {
  for (const node of nodes) {
    const tips = Buffer.alloc(400);
    for (const [chain, height] of node.heights) tips.writeBigUInt64BE(BigInt(height), chain * 40);
    await sql`update nodes set owner = ${node.owner}, region = ${node.region}, role = ${node.role}, hw_type = ${node.hwType},
      tags = ${[...node.tags]}, agent_version = ${node.agentVersion ?? null}, chainweb_version = ${node.chainwebVersion ?? null},
      simulated = ${node.simulated}, listed_unpaid = ${node.unpaid}
      where node_id = ${node.nodeId}`;
    await sql`update node_status set tips = ${tips} where node_id = ${node.nodeId}`;
  }
}

const operator = fc.constantFrom<'<' | '<=' | '>' | '>=' | ':'>('<', '<=', '>', '>=', ':');
const age = fc
  .constantFrom('>', '>=', '<', '<=')
  .chain((op) => fc.constantFrom('30s', '80s', '5m', '6m', '10m', '1h', '0s').map((d) => [op, d] as const));
const list = (...values: string[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });

const term = (field: string, op: string, values: readonly string[]): Selector =>
  ({ kind: 'term', field, operator: op, values, column: 0 }) as Selector;

const words = fc
  .constantFrom(
    'rack',
    'rack1',
    'node3',
    'Rack1-Node',
    'eu',
    'x',
    'zürich',
    '7',
    '007',
    'owner 97',
    "it's",
    '%',
    'AND',
    '-x',
    'a:b',
    nodeIdOf('5/1').slice(0, 5),
    '(',
  )
  .map((text): Selector => ({ kind: 'words', text, column: 0 }));

const leaf: fc.Arbitrary<Selector> = fc.oneof(
  words,
  list(...STATES).map((values) => term('state', ':', values)),
  list('lab', 'lab*', "o'hara", 'back\\slash', 'with space', 'ünï', '%_', 'none').map((values) =>
    term('tag', ':', values),
  ),
  list('eu', 'e*', 'na', '*west', '*').map((values) => term('region', ':', values)),
  list('', 'a@x.io', '*@x.io', 'o*7@*').map((values) => term('owner', ':', values)),
  list('rack1*', 'RACK-12B', 'a_b%c', 'a_*', '*ü*', 'back\\*', "it's", 'a:b(c)"d"').map((values) =>
    term('label', ':', values),
  ),
  fc.constantFrom('miner', 'relay', 'm*').map((value) => term('role', ':', [value])),
  fc.constantFrom('vps', 'p*').map((value) => term('hw', ':', [value])),
  fc.constantFrom('yes', 'no').map((value) => term('simulated', ':', [value])),
  fc.constantFrom('none', 'named').map((value) => term('payout', ':', [value])),
  fc.constantFrom('0', 'a', 'AB', nodeIdOf('5/2').slice(0, 9)).map((value) => term('id', ':', [value])),
  fc.tuple(operator, fc.integer({ min: 0, max: 20 })).map(([op, lag]) => term('lag', op, [String(lag)])),
  fc.constant(term('lag', ':', ['unknown'])),
  fc
    .tuple(
      fc.constantFrom('version', 'chainweb'),
      operator,
      fc.constantFrom('1', '1.4', '1.4.2', '1.4.2-rc.1', '1.4.2-rc.9', '1.4.2-0a', '2', '0', '1.4.2-rc'),
    )
    .map(([field, op, value]) => term(field, op, [value])),
  fc.constantFrom('version', 'chainweb').map((field) => term(field, ':', ['unknown', '1.10'])),
  age.map(([op, value]) => term('seen', op, [value])),
  fc.constant(term('seen', ':', ['never'])),
  age.map(([op, value]) => term('joined', op, [value])),
  fc
    .tuple(fc.integer({ min: 0, max: 10 }), fc.constantFrom('behind', 'tip', 'unknown'))
    .map(([chain, standing]) => term('chain', ':', [`${chain}.${standing}`])),
);

/** Any selector, in normal form. */
export const anySelector: fc.Arbitrary<Selector> = fc
  .letrec<{ node: Selector }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((of) => join('and', of)),
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((of) => join('or', of)),
      tie('node').map(negate),
    ),
  }))
  .node.map((selector) => (printSelector(selector).length > 900 ? EVERYTHING : selector));
