import { BadValue, EQUALS, shown } from '../../selector/index.ts';
import { foldSql } from '../listed-sql.ts';
import type { SqlFragment } from '../state-sql.ts';
import type { NodeContext, NodeFacts, NodeField } from './facts.ts';

const STAR = '*';

interface TextField {
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  readonly read: (facts: NodeFacts) => string;
  readonly column: (context: NodeContext) => SqlFragment;
  /** Applied to the value; the column is folded by its expression. */
  readonly fold?: (value: string) => string;
  readonly words?: readonly string[];
}

/** A text that equals the value, or has its pattern: a star stands for anything. */
function textField({
  name,
  doc,
  example,
  read,
  column,
  fold = (value) => value,
  words = [],
}: TextField): NodeField {
  return {
    name,
    doc,
    expects: 'a text; * stands for anything',
    example,
    operators: EQUALS,
    words,
    read(_operator, value) {
      const wanted = fold(value);
      if (!wanted.includes(STAR))
        return {
          matches: (facts) => read(facts) === wanted,
          sql: (context) => context.sql`${column(context)} = ${wanted}`,
        };
      const pattern = globPattern(name, wanted);
      return {
        matches: (facts) => pattern.test(read(facts)),
        sql: (context) => context.sql`${column(context)} like ${likePattern(wanted)}`,
      };
    },
  };
}

const MAX_STARS = 4;

/** @throws {BadValue} for more stars than a pattern needs: each multiplies what a match may cost. */
function globPattern(name: string, value: string): RegExp {
  const parts = value.split(/\*+/);
  if (parts.length - 1 > MAX_STARS)
    throw new BadValue(`'${shown(value)}' has more than ${MAX_STARS} stars, the most that '${name}' takes.`);
  return new RegExp(
    `^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('[^]*')}$`,
    'u',
  );
}

function likePattern(value: string): string {
  return value.replaceAll(/[\\%_]/g, '\\$&').replaceAll(/\*+/g, '%');
}

/** ASCII only, so that every database and this function agree. */
export function foldCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export const label = textField({
  name: 'label',
  doc: 'The node’s name, whatever its case.',
  example: 'label:rack1-*',
  read: (facts) => foldCase(facts.label),
  column: ({ sql }) => sql`${foldSql(sql)}`,
  fold: foldCase,
});

export const owner = textField({
  name: 'owner',
  doc: 'E-mail of the owner’s account; owner:"" finds nodes without one.',
  example: 'owner:a@x.io',
  read: (facts) => facts.owner,
  column: ({ sql }) => sql`n.owner`,
});

export const region = textField({
  name: 'region',
  doc: 'The region whose hub the node joined.',
  example: 'region:eu',
  read: (facts) => facts.region,
  column: ({ sql }) => sql`n.region`,
});

export const role = textField({
  name: 'role',
  doc: 'What the node does.',
  example: 'role:miner',
  read: (facts) => facts.role,
  column: ({ sql }) => sql`n.role`,
  words: ['miner'],
});

export const hardware = textField({
  name: 'hw',
  doc: 'Kind of machine, as registered.',
  example: 'hw:vps',
  read: (facts) => facts.hwType,
  column: ({ sql }) => sql`n.hw_type`,
});

export const tag: NodeField = {
  name: 'tag',
  doc: 'One of the node’s tags; a star at the end stands for anything.',
  expects: 'a tag, or its beginning with a star',
  example: 'tag:lab',
  operators: EQUALS,
  words: [],
  read(_operator, value) {
    const open = value.endsWith(STAR);
    const text = open ? value.slice(0, -1) : value;
    if (text === '' || text.includes(STAR))
      throw new BadValue(
        `'${shown(value)}' is no tag: a tag, or the beginning of one with a star behind it.`,
      );
    // A lexeme as the database quotes it: quotes and backslashes are doubled.
    const query = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'${open ? ':*' : ''}`;
    return {
      matches: ({ tags }) => tags.some((one) => (open ? one.startsWith(text) : one === text)),
      sql: ({ sql }) => sql`(n.tag_words is not null and n.tag_words @@ ${query}::text::tsquery)`,
    };
  },
};

const HEX = /^[0-9a-f]{1,64}$/;

export const id: NodeField = {
  name: 'id',
  doc: 'The node id, or its beginning.',
  expects: 'hexadecimal digits',
  example: 'id:ab12',
  operators: EQUALS,
  words: [],
  read(_operator, value) {
    const prefix = value.toLowerCase();
    if (!HEX.test(prefix))
      throw new BadValue(
        `'${shown(value)}' is no beginning of a node id: up to 64 hexadecimal digits are expected.`,
      );
    return {
      matches: ({ nodeId }) => nodeId.startsWith(prefix),
      sql: ({ sql }) => sql`n.node_id like ${`${prefix}%`}`,
    };
  },
};
