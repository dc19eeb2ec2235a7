import type { Sql } from '#seams/db-adapter/index.ts';
import type { Field, Test } from '../../selector/index.ts';
import type { Instant } from '../liveness.ts';
import type { StateFacts } from '../state.ts';
import type { SqlFragment } from '../state-sql.ts';

/** What selectors judge a node by: nothing else is asked of one. */
export interface NodeFacts {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly region: string;
  readonly role: string;
  readonly hwType: string;
  readonly tags: readonly string[];
  readonly agentVersion: string | undefined;
  readonly chainwebVersion: string | undefined;
  readonly simulated: boolean;
  readonly unpaid: boolean;
  readonly facts: StateFacts;
  /** Reported height by chain; a chain without one was never reported. */
  readonly heights: ReadonlyMap<number, number>;
}

/** By which clock and network a selector is judged, and by which connection it is asked. */
export interface NodeContext {
  readonly sql: Sql;
  readonly at: Instant;
  /** Verified height by chain. */
  readonly heads: ReadonlyMap<number, number>;
}

export type NodeField = Field<NodeFacts, NodeContext, SqlFragment>;
export type NodeTest = Test<NodeFacts, NodeContext, SqlFragment>;
