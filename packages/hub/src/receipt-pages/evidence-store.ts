import { type NodeKey, NodeKeys } from '#nodes/index.ts';
import { ownedSince } from '#payouts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** What both sides signed of an hour, as it came and went. */
export interface SignedHour {
  readonly hubHour: number;
  readonly checkpoint: Uint8Array | undefined;
  /** By revision. */
  readonly receipts: readonly Uint8Array[];
}

/** Half-open, in hours since 1970. */
export interface HourSpan {
  readonly from: number;
  readonly until: number;
}

/** What of a node's evidence the hub holds besides the settled receipts. Reads only. */
export class EvidenceStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** From which hour on a node is its owner's: what it earned before is somebody else's to know. */
  ownedSince(nodeId: string, hubHour: number): Promise<number> {
    return ownedSince(this.#sql, nodeId, hubHour);
  }

  /** Hours of which anything is there, by the hour. */
  async signed(nodeId: string, { from, until }: HourSpan): Promise<Map<number, SignedHour>> {
    const rows = await this.#sql<{ hub_hour: number; checkpoint: Uint8Array; receipts: Uint8Array[] }[]>`
      select c.hub_hour, c.bytes as checkpoint,
        coalesce((select array_agg(r.bytes order by r.revision) from receipts r
          where r.node_id = c.node_id and r.hub_hour = c.hub_hour), '{}') as receipts
      from checkpoints c where c.node_id = ${nodeId} and c.hub_hour >= ${from} and c.hub_hour < ${until}`;
    return new Map(
      rows.map(({ hub_hour: hubHour, checkpoint, receipts }) => [hubHour, { hubHour, checkpoint, receipts }]),
    );
  }

  /** What hashes in receipts may stand for: breakdowns of these versions of the score, and the last report of a dial-back. */
  async documents(nodeId: string, versions: readonly number[]): Promise<Uint8Array[]> {
    const [breakdowns, reports] = await Promise.all([
      this.#sql<{ breakdown: string }[]>`
        select breakdown from score_breakdowns where node_id = ${nodeId} and version = any(${[...versions]}::int[])`,
      this.#sql<{ sealed: Uint8Array }[]>`select sealed from dial_backs where node_id = ${nodeId}`,
    ]);
    return [
      ...breakdowns.map(({ breakdown }) => new TextEncoder().encode(breakdown)),
      ...reports.map(({ sealed }) => sealed),
    ];
  }

  /** Keys of a node that changed its own, the oldest first. */
  keys(nodeId: string): Promise<NodeKey[]> {
    return new NodeKeys(this.#sql).of(nodeId);
  }

  /** Public key of the node, as it stands. */
  async key(nodeId: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#sql<
      { key: Uint8Array }[]
    >`select public_key as key from nodes where node_id = ${nodeId}`;
    return row?.key;
  }
}
