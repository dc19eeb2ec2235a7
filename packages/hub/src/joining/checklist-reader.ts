import type { Sql } from '#seams/db-adapter/index.ts';
import type { ChecklistFacts } from './checklist.ts';
import { joinedNodes } from './joined-nodes.ts';
import type { JoinSteps } from './steps.ts';
import type { TokenRecord } from './token-ledger.ts';

/** Nodes of one token that are looked at: the first of them. */
const MOST_NODES = 100;

/** What checklists are made of, for several tokens at once. */
export class ChecklistReader {
  readonly #sql: Sql;
  readonly #steps: JoinSteps;

  constructor(by: { sql: Sql; steps: JoinSteps }) {
    this.#sql = by.sql;
    this.#steps = by.steps;
  }

  async read(tokens: readonly TokenRecord[]): Promise<readonly ChecklistFacts[]> {
    const looked = tokens.flatMap(({ usedBy }) => usedBy.slice(0, MOST_NODES));
    const [steps, nodes] = await Promise.all([
      this.#steps.read(tokens.map(({ tokenId }) => tokenId)),
      joinedNodes(this.#sql, looked),
    ]);
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    return tokens.map((token) => ({
      token,
      steps: steps.get(token.tokenId) ?? [],
      nodes: token.usedBy.slice(0, MOST_NODES).flatMap((id) => byId.get(id) ?? []),
    }));
  }
}
