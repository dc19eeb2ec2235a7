import type { Sql } from '#seams/db-adapter/index.ts';
import { Language, type QueryKind, type Selector } from '../selector/index.ts';
import type { NodeContext, NodeFacts, NodeField } from './fields/facts.ts';
import { chain, lag, state } from './fields/health.ts';
import { hardware, id, label, owner, region, role, tag } from './fields/text.ts';
import { joined, payout, seen, simulated } from './fields/time.ts';
import { chainweb, version } from './fields/version.ts';
import { wordsTest } from './fields/words.ts';
import type { Instant } from './liveness.ts';
import type { NetworkHeads } from './network-heads.ts';
import type { SqlFragment } from './state-sql.ts';

/** Every field of the language, in the order of the help. */
const FIELDS: readonly NodeField[] = [
  state,
  lag,
  chain,
  seen,
  version,
  chainweb,
  tag,
  region,
  owner,
  label,
  id,
  role,
  hardware,
  joined,
  payout,
  simulated,
];

/** The one language that finds nodes: in the list, addresses, commands, the API, alerts and rollouts. */
export const nodeSelectors: Language<NodeFacts, NodeContext, SqlFragment> = new Language({
  fields: FIELDS,
  words: wordsTest,
  all: ({ sql }, parts) =>
    parts.length === 0 ? sql`true` : sql`(${parts.reduce((all, part) => sql`${all} and ${part}`)})`,
  any: ({ sql }, parts) =>
    parts.length === 1 ? parts[0]! : sql`(${parts.reduce((any, part) => sql`${any} or ${part}`)})`,
  none: ({ sql }, part) => sql`(not ${part})`,
});

/** A selector is judged by one instant and the heads verified by then. */
export function nodeContext(by: { sql: Sql; at: Instant; heads: Pick<NetworkHeads, 'heads'> }): NodeContext {
  const heads = new Map(by.heads.heads().map(({ chain, height }) => [chain, height]));
  return { sql: by.sql, at: by.at, heads };
}

/** @throws {SelectorError} `bad_selector`, pointing at the column. */
export function parseSelector(text: string): Selector {
  return nodeSelectors.parse(text);
}

/**
 * A condition over the aliases n (nodes) and s (node_status, outer-joined). `hinted` may miss a node whose state changed
 * within the last seconds, and is quick; what acts on the nodes it finds says `exact`.
 */
export function selectorSql(selector: Selector, context: NodeContext, by: QueryKind): SqlFragment {
  return nodeSelectors.query(selector, context, by);
}
