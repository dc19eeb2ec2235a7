import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Viewer } from '../viewer.ts';

export interface NodeNote {
  readonly noteId: number;
  readonly at: number;
  /** E-mail. */
  readonly author: string;
  readonly text: string;
}

const SHOWN = 100;

/** What people tell each other about a node: whom to call, what was tried. Never changed, removed by who wrote it. */
export class NodeNotes {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  /** The newest first. */
  async list(nodeId: string): Promise<NodeNote[]> {
    const rows = await this.#sql<{ note_id: bigint; at: Date; author: string; text: string }[]>`
      select note_id, at, author, text from node_notes where node_id = ${nodeId} order by note_id desc limit ${SHOWN}`;
    return rows.map(({ note_id, at, author, text }) => ({
      noteId: Number(note_id),
      at: at.getTime(),
      author,
      text,
    }));
  }

  async add(viewer: Viewer, nodeId: string, text: string): Promise<void> {
    await this.#sql`insert into node_notes (node_id, at, author, text)
      values (${nodeId}, ${new Date(this.#clock.now())}, ${viewer.email}, ${text})`;
  }

  /** @returns whether there was such a note of the viewer's. */
  async remove(viewer: Viewer, nodeId: string, noteId: number): Promise<boolean> {
    const rows = await this.#sql`delete from node_notes
      where note_id = ${noteId} and node_id = ${nodeId} and author = ${viewer.email}`;
    return rows.count > 0;
  }
}
