import type { Sql } from '#seams/db-adapter/index.ts';
import {
  BadValue,
  badWord,
  compare,
  EQUALS,
  type Operator,
  ORDERED,
  readWhole,
} from '../../selector/index.ts';
import { lagClass } from '../listed-sql.ts';
import { STATES, type StateName, stateName, TIP_WITHIN } from '../state.ts';
import { type SqlFragment, stateSql } from '../state-sql.ts';
import type { NodeField } from './facts.ts';
import { operatorSql } from './operator-sql.ts';

export const state: NodeField = {
  name: 'state',
  doc: 'The derived state, as its lamp shows it.',
  expects: STATES.join(', '),
  example: 'state:offline,behind',
  operators: EQUALS,
  get words() {
    return STATES;
  },
  read(_operator, value) {
    const wanted = value.toLowerCase();
    if (!isState(wanted)) throw badWord(value, STATES);
    return {
      matches: ({ facts }, { at }) => stateName(facts, at) === wanted,
      // It is none of the others: of an equality with what it can't look into, the planner guesses that it holds for one
      // row in two hundred, and so that a page takes a walk through the whole.
      sql: ({ sql, at }) => sql`${stateSql(sql, at)} not in (${othersSql(sql, wanted)})`,
      hintIsWhole: true,
      // The word itself, not a parameter: the planner knows then how rare it is.
      hint: ({ sql }) => sql`n.listed_state = ${sql.unsafe(`'${wanted}'`)}`,
      hintNot: ({ sql }) => sql`n.listed_state in (${othersSql(sql, wanted)})`,
    };
  },
};

function othersSql(sql: Sql, state: StateName): SqlFragment {
  const others = STATES.filter((one) => one !== state);
  return sql`${sql.unsafe(others.map((one) => `'${one}'`).join(', '))}`;
}

function isState(text: string): text is StateName {
  return (STATES as readonly string[]).includes(text);
}

const MAX_LAG = 32_767;

export const lag: NodeField = {
  name: 'lag',
  doc: 'Blocks behind the verified head, on the worst chain, at the last heartbeat.',
  expects: 'a whole number, or unknown',
  example: 'lag:>5',
  operators: ORDERED,
  words: ['unknown'],
  read(operator, value) {
    if (operator === ':' && value === 'unknown')
      return {
        matches: ({ facts }) => facts.lag === undefined,
        sql: ({ sql }) => sql`s.lag is null`,
        hint: ({ sql }) => sql`n.listed_lag = -1`,
      };
    const bound = readWhole(value, MAX_LAG);
    const least = leastOf(operator, bound);
    return {
      matches: ({ facts }) => facts.lag !== undefined && compare(operator, facts.lag, bound),
      sql: ({ sql }) => sql`(s.lag is not null and s.lag ${operatorSql(sql, operator)} ${bound})`,
      hint: ({ sql }) =>
        lagClass(least) === 0 ? undefined : sql`n.listed_lag >= ${sql.unsafe(String(lagClass(least)))}`,
    };
  },
};

/** The least value that passes. */
function leastOf(operator: Operator, bound: number): number {
  if (operator === '>') return bound + 1;
  return operator === ':' || operator === '>=' ? bound : 0;
}

const TIP_BYTES = 40;
const STANDINGS = ['behind', 'tip', 'unknown'] as const;
type Standing = (typeof STANDINGS)[number];

export const chain: NodeField = {
  name: 'chain',
  doc: 'One chain: behind (the last heartbeat was off the tip, and this chain still is), tip, or unknown (never reported).',
  expects: 'CHAIN.STANDING, as 3.behind',
  example: 'chain:3.behind',
  operators: EQUALS,
  words: STANDINGS.map((standing) => `0.${standing}`),
  read(_operator, value) {
    const [, digits, word] = /^(\d{1,4})\.([a-z]+)$/.exec(value.toLowerCase()) ?? [];
    if (digits === undefined || word === undefined)
      throw new BadValue(
        `a chain and its standing are expected, as 3.behind; standings are ${STANDINGS.join(', ')}.`,
      );
    const standing = STANDINGS.find((one) => one === word);
    if (standing === undefined) throw badWord(word, STANDINGS);
    const number = Number(digits);
    return {
      matches: ({ heights, facts }, { heads }) =>
        stands(standing, heights.get(number) ?? 0, { head: heads.get(number), lag: facts.lag }),
      sql({ sql, heads }) {
        const height = sql`coalesce(('x' || encode(substring(s.tips from ${number * TIP_BYTES + 1}::int for 8), 'hex'))::bit(64)::bigint, 0)`;
        if (standing === 'unknown') return sql`(s.node_id is null or ${height} = 0)`;
        const head = heads.get(number);
        if (head === undefined) return sql`false`;
        const bound = sql`${head - TIP_WITHIN}::bigint`;
        // Heights of 2^63 and more read as negative: ahead of any head.
        if (standing === 'tip')
          return sql`(s.node_id is not null and ${height} <> 0 and (${height} >= ${bound} or ${height} < 0))`;
        return sql`(s.lag is not null and s.lag > ${TIP_WITHIN} and ${height} > 0 and ${height} < ${bound})`;
      },
      hint: ({ sql }) => (standing === 'behind' ? sql`n.listed_lag >= 1` : undefined),
    };
  },
};

function stands(
  standing: Standing,
  height: number,
  by: { head: number | undefined; lag: number | undefined },
): boolean {
  if (standing === 'unknown') return height === 0;
  if (by.head === undefined || height === 0) return false;
  const within = height >= by.head - TIP_WITHIN;
  return standing === 'tip' ? within : !within && by.lag !== undefined && by.lag > TIP_WITHIN;
}
