import type { Sql } from '#seams/db-adapter/index.ts';
import { BadValue, type Operator, ORDERED, shown } from '../../selector/index.ts';
import type { SqlFragment } from '../state-sql.ts';
import type { NodeFacts, NodeField } from './facts.ts';

const DIGITS = 9;
const MAX_LENGTH = 100;
const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = new RegExp(
  `^v?([0-9]{1,9})(?:\\.([0-9]{1,9}))?(?:\\.([0-9]{1,9}))?(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?$`,
);
/** Behind every character of a key. */
const BEHIND = '\x7f';

/**
 * Semantic Versioning 2.0.0 §11 as a text that sorts by bytes: three numbers of nine digits, then `~` for a release, or
 * the identifiers of a pre-release, numbers (`!`) before words (`"`). `nodes.version_key` and `chainweb_key` hold the same, made by
 * the database; undefined where the text is no version.
 */
export function versionKey(text: string): string | undefined {
  const [whole, major, minor = '', patch = '', pre] = VERSION.exec(text.slice(0, MAX_LENGTH + 1)) ?? [];
  if (whole === undefined || whole.length > MAX_LENGTH) return undefined;
  const numbers = [major!, minor, patch].map((part) => part.padStart(DIGITS, '0')).join('.');
  return `${numbers}.${pre === undefined ? '~' : preKey(pre)}`;
}

function preKey(pre: string): string {
  return pre
    .split('.')
    .map((id) => (/^[0-9]+$/.test(id) ? `!${id.padStart(DIGITS, '0').slice(-DIGITS)}` : `"${id}`))
    .join(' ');
}

interface Range {
  readonly first: string;
  readonly last: string;
}

/** The keys that a value stands for: 1.4 for all of 1.4.x, 1.4.2 and 1.4.2-rc.1 for themselves. */
function rangeOf(value: string): Range | undefined {
  const key = versionKey(value);
  if (key === undefined) return undefined;
  const [, , minor, patch, pre] = VERSION.exec(value)!;
  if (patch !== undefined || pre !== undefined) return { first: key, last: key };
  const first = key.slice(0, (DIGITS + 1) * (minor === undefined ? 1 : 2));
  return { first, last: first + BEHIND };
}

interface VersionField {
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  readonly read: (facts: NodeFacts) => string | undefined;
  readonly column: (sql: Sql) => SqlFragment;
  /** The column of its key. */
  readonly key: (sql: Sql) => SqlFragment;
}

function versionField({ name, doc, example, read, column, key: keyColumn }: VersionField): NodeField {
  return {
    ...{ name, doc, example },
    expects: 'a version (1, 1.4, 1.4.2, 1.4.2-rc.1), or unknown',
    operators: ORDERED,
    words: ['unknown'],
    read(operator, value) {
      if (operator === ':' && value === 'unknown')
        return {
          matches: (facts) => read(facts) === undefined,
          sql: ({ sql }) => sql`${column(sql)} is null`,
        };
      const range = rangeOf(value);
      if (range === undefined)
        throw new BadValue(
          `'${shown(value)}' is no version: one as 1, 1.4, 1.4.2 or 1.4.2-rc.1 is expected, or unknown.`,
        );
      return {
        matches(facts) {
          const told = read(facts);
          const key = told === undefined ? undefined : versionKey(told);
          return key !== undefined && isIn(operator, key, range);
        },
        sql: ({ sql }) => sqlOf(sql, keyColumn(sql), { operator, range }),
      };
    },
  };
}

export const version: NodeField = versionField({
  name: 'version',
  doc: 'Version of the agent, in the order of semantic versions; 1.4 stands for all of 1.4.x.',
  example: 'version:<1.4',
  read: ({ agentVersion }) => agentVersion,
  column: (sql) => sql`n.agent_version`,
  key: (sql) => sql`n.version_key`,
});

export const chainweb: NodeField = versionField({
  name: 'chainweb',
  doc: 'Version of chainweb-node, as the agent last read it, in the same order.',
  example: 'chainweb:<2.27',
  read: ({ chainwebVersion }) => chainwebVersion,
  column: (sql) => sql`n.chainweb_version`,
  key: (sql) => sql`n.chainweb_key`,
});

function isIn(operator: Operator, key: string, { first, last }: Range): boolean {
  switch (operator) {
    case ':':
      return key >= first && key <= last;
    case '<':
      return key < first;
    case '<=':
      return key <= last;
    case '>':
      return key > last;
    case '>=':
      return key >= first;
  }
}

function sqlOf(sql: Sql, key: SqlFragment, by: { operator: Operator; range: Range }): SqlFragment {
  const { first, last } = by.range;
  const known = sql`${key} is not null and`;
  switch (by.operator) {
    case ':':
      return sql`(${known} ${key} >= ${first} and ${key} <= ${last})`;
    case '<':
      return sql`(${known} ${key} < ${first})`;
    case '<=':
      return sql`(${known} ${key} <= ${last})`;
    case '>':
      return sql`(${known} ${key} > ${last})`;
    case '>=':
      return sql`(${known} ${key} >= ${first})`;
  }
}
