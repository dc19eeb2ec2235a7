import { toHex } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';

export interface ClosedHour {
  readonly nodeId: string;
  readonly hubHour: number;
  readonly number: number;
  /** Sealed, as it came. */
  readonly checkpoint: Uint8Array;
  /** Encoded, as it goes out. */
  readonly receipt: Uint8Array;
}

/** Checkpoints and the receipts that answer them: the first of an hour stays. */
export class EvidenceStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Stores each pair, unless its hour has one. Resolves, in order, to the newest receipt of each hour. */
  async close(hours: readonly ClosedHour[], at: Date): Promise<readonly Uint8Array[]> {
    const rows = hours.map((hour) => ({
      node_id: hour.nodeId,
      hub_hour: hour.hubHour,
      number: hour.number,
      checkpoint: `\\x${toHex(hour.checkpoint)}`,
      receipt: `\\x${toHex(hour.receipt)}`,
    }));
    const fresh = await this.#sql<Key[]>`
      with given as (
        select * from json_to_recordset(${JSON.stringify(rows)}::text::json)
          as g(node_id text, hub_hour int, number bigint, checkpoint bytea, receipt bytea)
      ), fresh as (
        insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
        select node_id, hub_hour, number, checkpoint, ${at} from given
        on conflict do nothing returning node_id, hub_hour
      )
      insert into receipts (node_id, hub_hour, revision, number, bytes, stored_at)
      select node_id, hub_hour, 0, number, receipt, ${at} from given join fresh using (node_id, hub_hour)
      returning node_id, hub_hour`;
    const stored = new Set(fresh.map(keyOf));
    const before = await this.#newest(rows.filter((row) => !stored.has(keyOf(row))));
    return hours.map((hour, i) => before.get(keyOf(rows[i]!)) ?? hour.receipt);
  }

  async #newest(keys: readonly Key[]): Promise<Map<string, Uint8Array>> {
    if (keys.length === 0) return new Map();
    const wanted = keys.map(({ node_id, hub_hour }) => ({ node_id, hub_hour }));
    const rows = await this.#sql<(Key & { bytes: Uint8Array })[]>`
      select distinct on (r.node_id, r.hub_hour) r.node_id, r.hub_hour, r.bytes
      from json_to_recordset(${JSON.stringify(wanted)}::text::json) as w(node_id text, hub_hour int)
      join receipts r using (node_id, hub_hour) order by r.node_id, r.hub_hour, r.revision desc`;
    return new Map(rows.map((row) => [keyOf(row), row.bytes]));
  }
}

interface Key {
  readonly node_id: string;
  readonly hub_hour: number;
}

function keyOf({ node_id, hub_hour }: Key): string {
  return `${node_id}|${hub_hour}`;
}
