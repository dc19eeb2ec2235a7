import type { Sql } from '#seams/db-adapter/index.ts';
import type { AuditResult } from './audit-exchange.ts';
import type { ClusterName } from './clusters.ts';
import type { Pace } from './pace.ts';

export interface RoundAnswer {
  readonly nodeId: string;
  readonly result: AuditResult;
  /** All ms; work without the round trip. */
  readonly rttMs: number;
  readonly aloneMs: number;
  readonly togetherMs: number;
  /** From question to answer, by its round trip and its work alone. */
  readonly deadlineMs: number;
  readonly isLate: boolean;
  /** `auditReportKind`, base64; empty where it was silent. */
  readonly sealed: string;
}

export interface AuditRound {
  readonly roundId: string;
  readonly at: number;
  readonly instanceId: string;
  readonly cluster: ClusterName;
  readonly pace: Pace;
  readonly answers: readonly RoundAnswer[];
}

interface Row {
  round_id: string;
  at: Date;
  instance_id: string;
  cluster: string;
  pace: Pace;
  answers: readonly RoundAnswer[];
}

/** Rounds of audits: the only SQL of `sybil_rounds`. */
export class RoundStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Keys that a node may sign with: the one in force, and the one before while that may be used. */
  async keysOf(nodeId: string, now: Date): Promise<Uint8Array[]> {
    const rows = await this.#sql<{ public_key: Uint8Array; previous_key: Uint8Array | null }[]>`
      select public_key, case when previous_key_until > ${now} then previous_key end as previous_key
      from nodes where node_id = ${nodeId}`;
    return rows.flatMap((row) => [row.public_key, ...(row.previous_key === null ? [] : [row.previous_key])]);
  }

  async add({ roundId, at, instanceId, cluster, pace, answers }: AuditRound): Promise<void> {
    await this.#sql`insert into sybil_rounds (round_id, at, instance_id, cluster, pace, answers)
      values (${roundId}, ${new Date(at)}, ${instanceId}, ${cluster}, ${pace}, ${this.#sql.json(answers as never)})`;
  }

  /** The newest of a cluster that tell something, the newest first. */
  async lately(cluster: ClusterName, since: number, count: number): Promise<AuditRound[]> {
    const rows = await this.#sql<Row[]>`select * from sybil_rounds
      where cluster = ${cluster} and at >= ${new Date(since)} and pace <> 'unclear'
      order by at desc limit ${count}`;
    return rows.map(roundOf);
  }

  async forgetBefore(at: number, othersAt: number): Promise<void> {
    await this.#sql`delete from sybil_rounds where at < ${new Date(at)}
      or (at < ${new Date(othersAt)} and pace in ('apart', 'unclear'))`;
  }
}

function roundOf(row: Row): AuditRound {
  return {
    ...{ roundId: row.round_id, at: row.at.getTime(), instanceId: row.instance_id, cluster: row.cluster },
    ...{ pace: row.pace, answers: row.answers },
  };
}
