import { BadValue, type Operator, ORDERED, shown } from '../../selector/index.ts';
import type { SqlFragment } from '../state-sql.ts';
import type { NodeContext, NodeField } from './facts.ts';

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
 * the identifiers of a pre-release, numbers (`!`) before words (`"`). `nodes.version_key` holds the same, made by the
 * database; undefined where the text is no version.
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

export const version: NodeField = {
  name: 'version',
  doc: 'Version of the agent, in the order of semantic versions; 1.4 stands for all of 1.4.x.',
  expects: 'a version (1, 1.4, 1.4.2, 1.4.2-rc.1), or unknown',
  example: 'version:<1.4',
  operators: ORDERED,
  words: ['unknown'],
  read(operator, value) {
    if (operator === ':' && value === 'unknown')
      return {
        matches: ({ agentVersion }) => agentVersion === undefined,
        sql: ({ sql }) => sql`n.agent_version is null`,
      };
    const range = rangeOf(value);
    if (range === undefined)
      throw new BadValue(
        `'${shown(value)}' is no version: one as 1, 1.4, 1.4.2 or 1.4.2-rc.1 is expected, or unknown.`,
      );
    return {
      matches({ agentVersion }) {
        const key = agentVersion === undefined ? undefined : versionKey(agentVersion);
        return key !== undefined && isIn(operator, key, range);
      },
      sql: (context) => sqlOf(context, operator, range),
    };
  },
};

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

function sqlOf({ sql }: NodeContext, operator: Operator, { first, last }: Range): SqlFragment {
  const known = sql`n.version_key is not null and`;
  switch (operator) {
    case ':':
      return sql`(${known} n.version_key >= ${first} and n.version_key <= ${last})`;
    case '<':
      return sql`(${known} n.version_key < ${first})`;
    case '<=':
      return sql`(${known} n.version_key <= ${last})`;
    case '>':
      return sql`(${known} n.version_key > ${last})`;
    case '>=':
      return sql`(${known} n.version_key >= ${first})`;
  }
}
