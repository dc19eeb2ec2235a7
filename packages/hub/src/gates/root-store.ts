import type { Sql } from '#seams/db-adapter/index.ts';

export interface SignedRoot {
  readonly instanceId: string;
  readonly hubHour: number;
  /** `minuteRootKind`, sealed. */
  readonly sealed: Uint8Array;
  /** What it is the root of: `packGroups`. */
  readonly groups: Uint8Array;
  /** Certificates of the region and of the instance. */
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

/**
 * What instances vouch for, an hour each. Append-only, and whoever writes to the database writes here in any name: of several
 * of an hour the one counts that holds.
 */
export class RootStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Hours of which the instance has words. */
  async judged(instanceId: string, { from, until }: { from: number; until: number }): Promise<number[]> {
    const rows = await this.#sql<{ hub_hour: number }[]>`
      select h as hub_hour from generate_series(${from}::int, ${until}::int) h
      where exists (select from gate_words w where w.hub_hour = h and w.instance_id = ${instanceId})
      order by h`;
    return rows.map((row) => row.hub_hour);
  }

  /** Instances that signed an hour. */
  async signers(hubHour: number): Promise<string[]> {
    const rows = await this.#sql<{ instance_id: string }[]>`
      select distinct instance_id from minute_roots where hub_hour = ${hubHour}`;
    return rows.map((row) => row.instance_id);
  }

  async put(root: SignedRoot, at: Date): Promise<void> {
    const { instanceId, hubHour, sealed, groups, region, instance } = root;
    await this
      .#sql`insert into minute_roots (instance_id, hub_hour, sealed, groups, region, instance, stored_at)
      values (${instanceId}, ${hubHour}, ${sealed}, ${groups}, ${region}, ${instance}, ${at}) on conflict do nothing`;
  }

  /** Of an instance, of hours from this one on, the newest first. */
  async since(instanceId: string, hubHour: number): Promise<Omit<SignedRoot, 'groups'>[]> {
    return this.#sql<SignedRoot[]>`
      select instance_id as "instanceId", hub_hour as "hubHour", sealed, region, instance from minute_roots
      where instance_id = ${instanceId} and hub_hour >= ${hubHour} order by hub_hour desc`;
  }

  async of(instanceId: string, hubHour: number): Promise<SignedRoot[]> {
    return this.#sql<SignedRoot[]>`
      select instance_id as "instanceId", hub_hour as "hubHour", sealed, groups, region, instance from minute_roots
      where instance_id = ${instanceId} and hub_hour = ${hubHour}`;
  }
}
