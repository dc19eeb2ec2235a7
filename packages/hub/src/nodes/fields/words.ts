import { idPrefixOf, phraseSql, wordsOf } from '../search.ts';
import type { NodeFacts, NodeTest } from './facts.ts';

/** Bare words: they follow each other in label, owner or region, the last by its beginning; or one begins the node id. */
export function wordsTest(text: string): NodeTest {
  const wanted = wordsOf(text);
  const idPrefix = idPrefixOf(text);
  return {
    matches: (facts) =>
      (wanted.length > 0 && isPhraseOf(wanted, wordsOf(textOf(facts)))) ||
      (idPrefix !== undefined && facts.nodeId.startsWith(idPrefix)),
    sql: ({ sql }) => phraseSql(sql, text),
  };
}

const textOf = ({ label, owner, region }: NodeFacts): string => `${label} ${owner} ${region}`;

function isPhraseOf(wanted: readonly string[], words: readonly string[]): boolean {
  const last = wanted.length - 1;
  return words.some((_, at) =>
    wanted.every((word, i) => (i === last ? words[at + i]?.startsWith(word) : words[at + i] === word)),
  );
}
