import { orderKind, peek } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { storableJson } from '../storable.ts';
import type { Course } from './plan/index.ts';
import type { Cargo, CargoKind, ReleaseKind, Rollout, RolloutEvidence, RolloutOrder } from './rollout.ts';

type Queries = Sql | TransactionSql;

interface RolloutRow {
  rollout_id: string;
  kind: CargoKind;
  version: string;
  targets_version: number | null;
  platforms: string[];
  security: boolean;
  downgrade: boolean;
  state: Course['state'];
  ring: number;
  ring_since: Date;
  soak_since: Date | null;
  judged_since: Date;
  reason: string;
  created_by: string;
  created_at: Date;
  revision: number;
  lifted: string[];
  evidence: RolloutEvidence | null;
  batch_id: string | null;
  params: string | null;
  order_sealed: Uint8Array | null;
  signed_by: string | null;
  awaits_approval: boolean | null;
}

export interface NewRollout extends Omit<Rollout, 'cargo' | 'revision' | 'lifted' | 'evidence'> {
  readonly cargo:
    | Extract<Cargo, { kind: ReleaseKind }>
    | { readonly kind: 'chainweb'; readonly batchId: string };
  /** What rings are drawn by, hex. */
  readonly seed: string;
}

/** The rows of rollouts. Every change names the revision that it was made from. */
export class RolloutStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(limit = 50): Promise<readonly Rollout[]> {
    const sql = this.#sql;
    const rows = await sql<RolloutRow[]>`
      select ${columns(sql)} order by o.created_at desc limit ${limit}`;
    return rows.map(toRollout);
  }

  /** Those that may assign something, or wait for a person. */
  async open(): Promise<readonly Rollout[]> {
    const sql = this.#sql;
    const rows = await sql<RolloutRow[]>`
      select ${columns(sql)} where o.state <> 'aborted' order by o.created_at`;
    return rows.map(toRollout);
  }

  async find(rolloutId: string, sql: Queries = this.#sql): Promise<Rollout | undefined> {
    const [row] = await sql<RolloutRow[]>`select ${columns(sql)} where o.rollout_id = ${rolloutId}`;
    return row && toRollout(row);
  }

  /** @returns false where another of its kind is under way. One that is complete gives its place up. */
  async create(tx: TransactionSql, rollout: NewRollout): Promise<boolean> {
    const { cargo, course } = rollout;
    const release = cargo.kind === 'chainweb' ? undefined : cargo;
    const batchId = cargo.kind === 'chainweb' ? cargo.batchId : null;
    await tx`update rollouts set state = 'aborted', reason = ${`replaced by ${rollout.version}`}, revision = revision + 1
      where kind = ${cargo.kind} and state = 'complete'`;
    const made = await tx`
      insert into rollouts (rollout_id, kind, version, targets_version, targets_sha256, platforms, batch_id,
        security, downgrade, state, ring, ring_since, judged_since, created_by, created_at)
      values (${rollout.rolloutId}, ${cargo.kind}, ${rollout.version}, ${release?.targetsVersion ?? null},
        ${Buffer.from(rollout.seed, 'hex')}, ${[...(release?.platforms ?? [])]}, ${batchId},
        ${rollout.security}, ${release?.downgrade ?? false},
        ${course.state}, ${course.ring}, ${new Date(course.ringSince)}, ${new Date(course.judgedSince)},
        ${rollout.createdBy}, ${new Date(rollout.createdAt)})
      on conflict do nothing returning rollout_id`;
    return made.length === 1;
  }

  /** @returns false where somebody else changed it since: read it again. */
  async move(sql: Queries, from: Rollout, course: Course, evidence?: RolloutEvidence): Promise<boolean> {
    const moved = await sql`
      update rollouts set state = ${course.state}, ring = ${course.ring}, ring_since = ${new Date(course.ringSince)},
        soak_since = ${course.soakSince === undefined ? null : new Date(course.soakSince)},
        judged_since = ${new Date(course.judgedSince)}, reason = ${course.reason}, revision = revision + 1,
        evidence = coalesce(${evidence === undefined ? null : storableJson(evidence)}::text::jsonb, evidence)
      where rollout_id = ${from.rolloutId} and revision = ${from.revision} returning rollout_id`;
    return moved.length === 1;
  }

  async lift(tx: TransactionSql, rolloutId: string, owner: string): Promise<void> {
    await tx`update rollouts set lifted = array_append(array_remove(lifted, ${owner}), ${owner}), revision = revision + 1
      where rollout_id = ${rolloutId}`;
  }

  /** The highest version that a rollout of this kind has brought to its end here. */
  async newest(kind: ReleaseKind): Promise<string | undefined> {
    const [row] = await this.#sql<{ version: string }[]>`
      select version from rollouts r where kind = ${kind}
        and exists (select from rollout_nodes n where n.rollout_id = r.rollout_id and n.state = 'confirmed')
      order by string_to_array(version, '.')::int[] desc limit 1`;
    return row?.version;
  }
}

/** With what its batch says of an order. */
function columns(sql: Queries) {
  return sql`o.*, b.params, b.order_sealed, b.signed_by, b.needs_approval and b.approved_by is null as awaits_approval
    from rollouts o left join job_batches b on b.batch_id = o.batch_id`;
}

function toRollout(row: RolloutRow): Rollout {
  return {
    rolloutId: row.rollout_id,
    cargo: toCargo(row),
    version: row.version,
    security: row.security,
    course: {
      state: row.state,
      ring: row.ring,
      ringSince: row.ring_since.getTime(),
      soakSince: row.soak_since?.getTime(),
      judgedSince: row.judged_since.getTime(),
      reason: row.reason,
    },
    revision: row.revision,
    createdBy: row.created_by,
    createdAt: row.created_at.getTime(),
    lifted: row.lifted,
    evidence: row.evidence ?? undefined,
  };
}

function toCargo(row: RolloutRow): Cargo {
  if (row.kind !== 'chainweb')
    return {
      kind: row.kind,
      targetsVersion: row.targets_version!,
      platforms: row.platforms,
      downgrade: row.downgrade,
    };
  return {
    kind: row.kind,
    batchId: row.batch_id!,
    params: row.params ?? '',
    order: toOrder(row),
    awaitsApproval: row.awaits_approval ?? false,
  };
}

function toOrder({ order_sealed, signed_by }: RolloutRow): RolloutOrder | undefined {
  if (order_sealed === null || signed_by === null) return undefined;
  const sealed = new Uint8Array(order_sealed);
  return { sealed, signedBy: signed_by, expiresAt: peek(orderKind, sealed).expiresAt };
}
