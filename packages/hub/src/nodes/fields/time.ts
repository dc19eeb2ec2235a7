import { badWord, compare, DURATION, EQUALS, type Operator, readDuration } from '../../selector/index.ts';
import { judgedAt, offlineAfterMs } from '../liveness.ts';
import type { NodeField } from './facts.ts';
import { operatorSql } from './operator-sql.ts';

const AGES: readonly Operator[] = ['<', '<=', '>', '>='];
/** An older age is an earlier instant. */
const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', ':': ':' } as const;

export const seen: NodeField = {
  name: 'seen',
  doc: 'How long ago the last frame came.',
  expects: `${DURATION}, or never`,
  example: 'seen:>2d',
  operators: [':', ...AGES],
  words: ['never'],
  read(operator, value) {
    if (operator === ':') {
      if (value.toLowerCase() !== 'never') throw badWord(value, ['never', '>2d', '<5m']);
      return {
        matches: ({ facts }) => facts.lastSeen === undefined,
        sql: ({ sql }) => sql`s.last_seen is null`,
        hint: ({ sql }) => sql`n.listed_state in ('new', 'disputed', 'quarantined', 'refused', 'retired')`,
      };
    }
    const age = readDuration(value);
    return {
      matches: ({ facts }, { at }) =>
        facts.lastSeen !== undefined && compare(operator, at.now - facts.lastSeen, age),
      sql: ({ sql, at }) =>
        sql`(s.last_seen is not null and s.last_seen ${operatorSql(sql, MIRRORED[operator])} ${new Date(at.now - age)}::timestamptz)`,
      hint({ sql, at }) {
        // Who is silent for so long is offline, or in a state that silence doesn't change; unless states stand still.
        const silent = (operator === '>' || operator === '>=') && age > offlineAfterMs(at.intervalMs);
        return silent && judgedAt(at) === at.now
          ? sql`n.listed_state in ('offline', 'disputed', 'quarantined', 'refused', 'retired')`
          : undefined;
      },
    };
  },
};

export const joined: NodeField = {
  name: 'joined',
  doc: 'How long ago the node joined.',
  expects: DURATION,
  example: 'joined:<1d',
  operators: AGES,
  words: [],
  read(operator, value) {
    const age = readDuration(value);
    return {
      matches: ({ facts }, { at }) => compare(operator, at.now - facts.createdAt, age),
      sql: ({ sql, at }) =>
        sql`n.created_at ${operatorSql(sql, MIRRORED[operator])} ${new Date(at.now - age)}::timestamptz`,
    };
  },
};

const YES_NO = ['yes', 'no'];

export const simulated: NodeField = {
  name: 'simulated',
  doc: 'Whether it is a simulated node.',
  expects: 'yes or no',
  example: 'simulated:no',
  operators: EQUALS,
  words: YES_NO,
  read(_operator, value) {
    const wanted = value.toLowerCase();
    if (!YES_NO.includes(wanted)) throw badWord(value, YES_NO);
    return {
      matches: (facts) => facts.simulated === (wanted === 'yes'),
      sql: ({ sql }) => (wanted === 'yes' ? sql`n.simulated` : sql`not n.simulated`),
    };
  },
};

const NAMED = ['none', 'named'];

export const payout: NodeField = {
  name: 'payout',
  doc: 'Whether an account is named to pay it to; a node that joined within the last five minutes may be missed.',
  expects: 'none or named',
  example: 'payout:none',
  operators: EQUALS,
  words: NAMED,
  read(_operator, value) {
    const wanted = value.toLowerCase();
    if (!NAMED.includes(wanted)) throw badWord(value, NAMED);
    return {
      matches: (facts) => facts.unpaid === (wanted === 'none'),
      sql: ({ sql }) => (wanted === 'none' ? sql`n.listed_unpaid` : sql`not n.listed_unpaid`),
    };
  },
};
