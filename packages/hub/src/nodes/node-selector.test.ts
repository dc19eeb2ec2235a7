import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { printSelector, type QueryKind, type Selector, SelectorError } from '../selector/index.ts';
import { anySelector, describeNodes, HEAD, manyNodes } from './fields/any-node.fixture.ts';
import type { NodeContext } from './fields/facts.ts';
import { ListedStates } from './listed-states.ts';
import { type Instant, Liveness } from './liveness.ts';
import { nodeSelectors, parseSelector, selectorSql } from './node-selector.ts';
import { insertNodes } from './rows.fixture.ts';
import { anyInstant, NOW } from './state.fixture.ts';

const NODES = 400;
const heads = new Map(Array.from({ length: 10 }, (_, chain) => [chain, HEAD]));

describe('a selector as SQL', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  const nodes = manyNodes(NODES, 5);

  beforeAll(async () => {
    database = await openTemporary();
    await insertNodes(database.sql, nodes);
    await describeNodes(database.sql, nodes);
  }, 60_000);
  afterAll(() => database.close());

  async function bySql(selector: Selector, at: Instant, by: QueryKind): Promise<string[]> {
    const { sql } = database;
    const rows = await sql<
      { node_id: string }[]
    >`select n.node_id from nodes n left join node_status s using (node_id)
      where ${selectorSql(selector, { sql, at, heads }, by)} order by n.node_id`;
    return rows.map((row) => row.node_id);
  }

  function byEvaluator(selector: Selector, at: Instant): string[] {
    const context: NodeContext = { sql: database.sql, at, heads };
    return nodes
      .filter((node) => nodeSelectors.matches(selector, node, context))
      .map(({ nodeId }) => nodeId)
      .sort();
  }

  it('finds the nodes that the plain evaluator finds, and no others', async () => {
    let some = 0;
    await fc.assert(
      fc.asyncProperty(anySelector, anyInstant, async (selector, at) => {
        const expected = byEvaluator(selector, at);
        if (expected.length > 0 && expected.length < NODES) some += 1;
        expect(await bySql(selector, at, 'exact')).toEqual(expected);
      }),
      { numRuns: 400 },
    );
    expect(some).toBeGreaterThan(80);
  });

  it('finds the same by the listed states, once they were judged at that instant', async () => {
    const { sql } = database;
    for (const instant of fc.sample(anyInstant, { numRuns: 6, seed: 2 })) {
      const { intervalMs } = instant;
      const liveness = new Liveness({ clock: { now: () => NOW }, intervalMs });
      if (instant.frozenSince !== undefined) liveness.freeze(instant.frozenSince);
      await new ListedStates({ sql, clock: { now: () => NOW }, liveness }).tick();
      const at = liveness.at();
      await fc.assert(
        fc.asyncProperty(anySelector, async (selector) => {
          const expected = byEvaluator(selector, at);
          expect(await bySql(selector, at, 'hinted')).toEqual(expected);
          expect(await bySql(selector, at, 'listed')).toEqual(expected);
        }),
        { numRuns: 50 },
      );
    }
  });

  it.each([
    'state:offline -tag:lab region:eu version:<1.4 chainweb:<2.27 lag:>5 owner:a@x.io seen:>2d chain:3.behind role:miner label:rack* id:ab12 simulated:yes',
    '',
  ])('takes %s', async (text) => {
    const at: Instant = { now: NOW, intervalMs: 30_000, graceUntil: 0 };
    expect(await bySql(parseSelector(text), at, 'hinted')).toHaveLength(text === '' ? NODES : 0);
  });
});

describe('a selector as text', () => {
  const shape = (selector: Selector): unknown =>
    JSON.parse(JSON.stringify(selector, (key, value: unknown) => (key === 'column' ? undefined : value)));

  it('is read as what was printed', () => {
    fc.assert(
      fc.property(anySelector, (selector) => {
        const text = printSelector(selector);
        expect(shape(parseSelector(text))).toEqual(shape(selector));
        expect(printSelector(parseSelector(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  const piece = fc.constantFrom(
    'state:',
    'tag:',
    'version:<',
    'lag:>=',
    '"',
    '(',
    ')',
    '-',
    ' ',
    'OR',
    'NOT',
    'AND',
    '\\',
    ',',
    'x',
    '1.4',
    '\0',
    '*',
    'id:',
    'chain:',
    '3.behind',
    '=',
    '<',
    '\u{1f600}',
    '\n',
  );

  it('is read, or refused by a pointed error, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((all) => all.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          try {
            const selector = parseSelector(text);
            expect(printSelector(parseSelector(printSelector(selector)))).toBe(printSelector(selector));
          } catch (error) {
            if (!(error instanceof SelectorError)) throw error;
            expect(error.column).toBeGreaterThanOrEqual(1);
            expect(error.column).toBeLessThanOrEqual(text.length + 1);
            expect([error.code, error.status]).toEqual(['bad_selector', 400]);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['state:offlin', 7, /did you mean 'offline'/],
    ['rack stat:offline', 6, /no field 'stat'; did you mean 'state'/],
    ['state:offline AND', 18, /a term is expected at the end/],
    ['a OR )', 6, /before '\)'/],
    ['(a b', 1, /not closed/],
    ['a) b', 2, /closes nothing/],
    ['label:"rack', 7, /quote is not closed/],
    ['owner: a', 7, /a value for 'owner'/],
    ['state:<online', 7, /can't be compared by '<'/],
    ['version:<dev', 10, /no version/],
    ['lag:>5,6', 7, /one value/],
    ['seen:>2y', 7, /no duration/],
    ['seen:2d', 6, /did you mean '>2d'/],
    ['chain:3', 7, /as 3.behind/],
    ['chain:3.behin', 7, /did you mean 'behind'/],
    ['id:xyz', 4, /hexadecimal/],
    [`${'('.repeat(30)}a${')'.repeat(30)}`, 26, /25 deep/],
    ['-'.repeat(200), 26, /deep/],
    ['a '.repeat(61), 121, /term 61/],
    ['x'.repeat(1_001), 1_001, /at most 1000 characters/],
    ['lag:>99999', 6, /0 to 32767/],
    ['label:a*b*c*d*e*f', 7, /more than 4 stars/],
  ])('points at the column: %s', (text, column, message) => {
    let thrown: unknown;
    try {
      parseSelector(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ column, message: expect.stringMatching(message) as unknown });
  });

  it.each([
    ['a AND (b c)', 'a b c'],
    ['NOT NOT a OR b', 'a OR b'],
    ['- state:OFFLINE', undefined],
    ['a (b OR c) -(d e)', 'a (b OR c) -(d e)'],
    ['STATE:=offline', 'state:offline'],
    ['label:"a b","c"', 'label:"a b",c'],
    ['"OR" or', '"OR" or'],
    ['10.0.0.1:80', '"10.0.0.1:80"'],
  ])('has a canonical form: %s', (text, canonical) => {
    if (canonical !== undefined) expect(printSelector(parseSelector(text))).toBe(canonical);
    else expect(parseSelector(text)).toMatchObject({ kind: 'not' });
  });
});
