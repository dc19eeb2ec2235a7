import { readKeepsakes } from '#archives/index.ts';
import type { Keepsake } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { DonationState } from './donation.ts';

/** A reseed that succeeded, as its job has it. */
export interface Reseed {
  readonly jobId: string;
  readonly nodeId: string;
  readonly owner: string;
  /** Canonical parameters. */
  readonly params: string;
  readonly beganAt: number;
  readonly endedAt: number;
}

/** A seed, as the node that made it signed. */
export interface MadeSeed {
  readonly nodeId: string;
  readonly owner: string;
  readonly sha256: string;
  readonly madeAt: number;
}

export interface StoredDonation {
  readonly jobId: string;
  readonly receiver: string;
  readonly receiverOwner: string;
  readonly donor: string | undefined;
  readonly donorOwner: string | undefined;
  readonly sha256: string;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly state: DonationState;
  readonly hour: number | undefined;
}

interface DonationRow {
  job_id: string;
  receiver: string;
  receiver_owner: string;
  donor: string | null;
  donor_owner: string | null;
  sha256: string;
  began_at: Date;
  ended_at: Date;
  state: DonationState;
  hour: number | null;
}

/** Reseeds, and what became of them as donations. */
export class DonationStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Reseeds that nobody has looked at, the oldest first: seeds that were taken later must not be judged before. */
  async fresh(limit: number): Promise<Reseed[]> {
    const rows = await this.#sql<(Omit<Reseed, 'beganAt' | 'endedAt'> & { began: Date; ended: Date })[]>`
      select j.job_id as "jobId", j.node_id as "nodeId", j.owner, j.params, coalesce(j.started_at, j.created_at) as began,
        j.ended_at as ended
      from jobs j where j.kind = 'stoachain-reseed' and j.state = 'succeeded' and j.run = 'agent'
        and not exists (select from seed_donations d where d.job_id = j.job_id)
      order by j.ended_at, j.job_id limit ${limit}`;
    return rows.map(({ began, ended, ...row }) => ({
      ...row,
      beganAt: began.getTime(),
      endedAt: ended.getTime(),
    }));
  }

  /** Who made seeds of these hashes, the oldest first. */
  async seeds(hashes: readonly string[]): Promise<MadeSeed[]> {
    const rows = await this.#sql<
      (Omit<Keepsake, 'endedAt'> & { nodeId: string; owner: string; ended: Date })[]
    >`select job_id as "jobId", kind, params, report, node_id as "nodeId", owner, ended_at as ended from jobs
      where kind in ('seed-refresh', 'seed-promote') and state = 'succeeded'
        and report like any (${hashes.map((hash) => `%${hash}%`)}::text[])
      order by ended_at, job_id`;
    return rows.flatMap(({ nodeId, owner, ended, ...row }) => {
      const { seeds } = readKeepsakes([{ ...row, endedAt: ended.getTime() }]);
      return seeds.map(({ sha256, madeAt }) => ({ nodeId, owner, sha256, madeAt }));
    });
  }

  async keep(donation: StoredDonation, now: number): Promise<void> {
    const { donor = null, donorOwner = null, hour = null } = donation;
    const decidedAt = donation.state === 'waits' ? null : new Date(now);
    await this.#sql`insert into seed_donations
        (job_id, receiver, receiver_owner, donor, donor_owner, sha256, began_at, ended_at, state, hour, decided_at)
      values (${donation.jobId}, ${donation.receiver}, ${donation.receiverOwner}, ${donor}, ${donorOwner}, ${donation.sha256},
        ${new Date(donation.beganAt)}, ${new Date(donation.endedAt)}, ${donation.state}, ${hour}, ${decidedAt})
      on conflict do nothing`;
  }

  async waiting(): Promise<StoredDonation[]> {
    const rows = await this.#sql<DonationRow[]>`
      select * from seed_donations where state = 'waits' order by ended_at, job_id`;
    return rows.map(toDonation);
  }

  async decide(
    jobId: string,
    { state, hour, now }: { state: DonationState; hour: number | undefined; now: number },
  ): Promise<void> {
    await this
      .#sql`update seed_donations set state = ${state}, hour = ${hour ?? null}, decided_at = ${new Date(now)}
      where job_id = ${jobId}`;
  }

  /** The first hour of these in which the node was paid for a minute: no gate failed in it, the warm-up was over. */
  async firstPaidHour(nodeId: string, hours: { from: number; until: number }): Promise<number | undefined> {
    const listed = Array.from({ length: Math.max(0, hours.until - hours.from) }, (_, i) => hours.from + i);
    const [row] = await this.#sql<{ hour: number | null }[]>`select min(hour) as hour from stoicism_events
      where hour = any(${listed}::int[]) and node_id = ${nodeId} and kind = 'accrual' and amount > 0`;
    return row?.hour ?? undefined;
  }

  /** Of a person's own nodes. */
  async labels(email: string, nodeIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#sql<{ node_id: string; label: string }[]>`
      select node_id, label from nodes where owner = ${email} and node_id = any(${[...nodeIds]}::text[])`;
    return new Map(rows.map((row) => [row.node_id, row.label]));
  }

  /** Of seeds that a person gave or whose nodes took them, the newest first. */
  async ofOwner(email: string, limit: number): Promise<StoredDonation[]> {
    const rows = await this.#sql<DonationRow[]>`select * from seed_donations
      where donor_owner = ${email} or receiver_owner = ${email} order by ended_at desc, job_id limit ${limit}`;
    return rows.map(toDonation);
  }
}

function toDonation(row: DonationRow): StoredDonation {
  return {
    jobId: row.job_id,
    receiver: row.receiver,
    receiverOwner: row.receiver_owner,
    donor: row.donor ?? undefined,
    donorOwner: row.donor_owner ?? undefined,
    sha256: row.sha256,
    beganAt: row.began_at.getTime(),
    endedAt: row.ended_at.getTime(),
    state: row.state,
    hour: row.hour ?? undefined,
  };
}
