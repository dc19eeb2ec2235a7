import type { Sql } from '#seams/db-adapter/index.ts';

export interface SignedRoot {
  readonly instanceId: string;
  readonly hubHour: number;
  /** `minuteRootKind`, sealed. */
  readonly sealed: Uint8Array;
  /** Certificates of the region and of the instance. */
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

/** What instances vouch for, an hour each. Append-only. */
export class RootStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Hours of the instance that have words and no root. */
  async unsigned(instanceId: string, { from, until }: { from: number; until: number }): Promise<number[]> {
    const rows = await this.#sql<{ hub_hour: number }[]>`
      select h as hub_hour from generate_series(${from}::int, ${until}::int) h
      where exists (select from gate_words w where w.hub_hour = h and w.instance_id = ${instanceId})
        and not exists (select from minute_roots r where r.hub_hour = h and r.instance_id = ${instanceId})
      order by h`;
    return rows.map((row) => row.hub_hour);
  }

  /** Instances that signed an hour. */
  async signers(hubHour: number): Promise<string[]> {
    const rows = await this.#sql<{ instance_id: string }[]>`
      select instance_id from minute_roots where hub_hour = ${hubHour}`;
    return rows.map((row) => row.instance_id);
  }

  async put(root: SignedRoot, at: Date): Promise<void> {
    const { instanceId, hubHour, sealed, region, instance } = root;
    await this.#sql`insert into minute_roots (instance_id, hub_hour, sealed, region, instance, stored_at)
      values (${instanceId}, ${hubHour}, ${sealed}, ${region}, ${instance}, ${at}) on conflict do nothing`;
  }

  /** The newest of an instance, of hours from this one on. */
  async newest(instanceId: string, since: number): Promise<SignedRoot | undefined> {
    const [row] = await this.#sql<SignedRoot[]>`
      select instance_id as "instanceId", hub_hour as "hubHour", sealed, region, instance from minute_roots
      where instance_id = ${instanceId} and hub_hour >= ${since} order by hub_hour desc limit 1`;
    return row;
  }

  async find(instanceId: string, hubHour: number): Promise<SignedRoot | undefined> {
    const [row] = await this.#sql<SignedRoot[]>`
      select instance_id as "instanceId", hub_hour as "hubHour", sealed, region, instance from minute_roots
      where instance_id = ${instanceId} and hub_hour = ${hubHour}`;
    return row;
  }
}
