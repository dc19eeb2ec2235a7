import type { NodeAccess } from '#accounts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from '../nodes/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';

export type JobChoice = { readonly jobIds: readonly string[] } | { readonly batchId: string };

/** Makes a node of any host that the hub reaches: asked for by admins alone, and so is its repetition. */
const FOR_ADMINS = 'bootstrap';

/** Whether somebody who may work on the job's node may also ask for the job anew. */
export function mayRepeat(viewer: Viewer, { kind }: { readonly kind: string }): boolean {
  return kind !== FOR_ADMINS || isAtLeast(viewer, 'ancient');
}

/** What of a choice somebody may end or ask for anew: conditions over j (jobs) and n (nodes, outer-joined). */
export class JobChoices {
  readonly #sql: Sql;
  readonly #access: NodeAccess;

  constructor(by: { sql: Sql; access: NodeAccess }) {
    this.#sql = by.sql;
    this.#access = by.access;
  }

  /** A host that is no node yet is also for whom it will be. */
  toCancel(viewer: Viewer, which: JobChoice): SqlFragment {
    const sql = this.#sql;
    return sql`${this.#of(which)} and (${this.#works(viewer)} or (n.node_id is null and j.owner = ${viewer.email}))`;
  }

  toRetry(viewer: Viewer, which: JobChoice): SqlFragment {
    const sql = this.#sql;
    const repeats = isAtLeast(viewer, 'ancient') ? sql`true` : sql`j.kind <> ${FOR_ADMINS}`;
    return sql`${this.#of(which)} and ${this.#works(viewer)} and ${repeats}`;
  }

  #of(which: JobChoice): SqlFragment {
    const sql = this.#sql;
    return 'batchId' in which
      ? sql`j.batch_id = ${which.batchId}`
      : sql`j.job_id = any(${[...which.jobIds]}::uuid[])`;
  }

  /** Over SSH it is root's work: for the node's owner. */
  #works(viewer: Viewer): SqlFragment {
    const sql = this.#sql;
    return sql`case when j.run = 'ssh' then ${this.#access.allowed(viewer, 'owner')}
      else ${this.#access.allowed(viewer, 'operator')} end`;
  }
}
