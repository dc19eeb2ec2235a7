import {
  type Liveness,
  type NetworkHeads,
  nodeContext,
  nodeSelectors,
  parseSelector,
  selectorSql,
} from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { HttpError } from '../http-error.ts';
import type { Fragment } from './rule-sql.ts';

/** The selector language, as far as alerts need it: which nodes a rule or a silence is about. */
export interface SelectorLanguage {
  /** @returns what is wrong with the text, in words; undefined where it can be used. */
  problem(text: string): string | undefined;
  /** A condition over n (nodes) and s (node_status). @throws where `problem` has something to say. */
  condition(sql: Sql, text: string): Fragment;
}

/** The selector language of the console, judged by the moment. */
export function createNodeLanguage(by: {
  liveness: Pick<Liveness, 'at'>;
  heads: Pick<NetworkHeads, 'heads'>;
}): SelectorLanguage {
  return {
    problem(text) {
      try {
        nodeSelectors.parse(text);
        return undefined;
      } catch (error) {
        if (error instanceof HttpError) return `${error.message} ${error.fix}`;
        throw error;
      }
    },
    condition: (sql, text) =>
      selectorSql(parseSelector(text), nodeContext({ sql, at: by.liveness.at(), heads: by.heads }), 'exact'),
  };
}

/** Which of the nodes at hand a selector means: asked once a selector in a pass. */
export class Scope {
  readonly #sql: Sql;
  readonly #language: SelectorLanguage;
  readonly #nodeIds: readonly string[];
  readonly #found = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(by: { sql: Sql; language: SelectorLanguage; nodeIds: readonly string[] }) {
    this.#sql = by.sql;
    this.#language = by.language;
    this.#nodeIds = by.nodeIds;
  }

  /** Whether the text means all nodes of its owner; otherwise the ones it means. `undefined`: it can not be read any more. */
  async nodes(selector: string): Promise<ReadonlySet<string> | 'all' | undefined> {
    if (selector === '') return 'all';
    if (this.#language.problem(selector) !== undefined) return undefined;
    let found = this.#found.get(selector);
    if (found === undefined) {
      found = this.#select(selector);
      this.#found.set(selector, found);
    }
    return found;
  }

  async #select(selector: string): Promise<ReadonlySet<string>> {
    const sql = this.#sql;
    const rows = await sql<{ node_id: string }[]>`
      select n.node_id from nodes n left join node_status s using (node_id)
      where n.node_id = any(${[...this.#nodeIds]}::text[]) and ${this.#language.condition(sql, selector)}`;
    return new Set(rows.map((row) => row.node_id));
  }
}
