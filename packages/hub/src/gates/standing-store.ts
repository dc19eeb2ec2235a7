import type { Sql } from '#seams/db-adapter/index.ts';

/** How a node stands before its gates, as last stored: at most some minutes old. */
export interface NodeStanding {
  /** Since 1970. */
  readonly minute: number;
  /** Bits of the gates that failed in it. */
  readonly reasons: number;
  readonly warmMinutes: number;
  /** What the last stranger saw who looked at its port. */
  readonly dialBack: { readonly at: Date; readonly verdict: string } | undefined;
}

/** For pages: any instance can show it. */
export class StandingStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async of(nodeId: string): Promise<NodeStanding | undefined> {
    const [row] = await this.#sql<
      { minute: number; reasons: number; warm_minutes: number; at: Date | null; verdict: string | null }[]
    >`select s.minute, s.reasons, s.warm_minutes, d.at, d.verdict
      from gate_states s left join dial_backs d using (node_id) where s.node_id = ${nodeId}`;
    if (row === undefined) return undefined;
    const { minute, reasons, warm_minutes: warmMinutes, at, verdict } = row;
    return { minute, reasons, warmMinutes, dialBack: at && verdict ? { at, verdict } : undefined };
  }
}
