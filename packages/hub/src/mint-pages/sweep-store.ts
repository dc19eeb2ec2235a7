import { type ActKind, type BatchState, presentContract } from '#mint/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Attempt, ChainPlan, Epoch, Sweep, Transaction } from './sweep.ts';

const DAY_MS = 86_400_000;

/** A day in a list of days. */
export interface ListedEpoch extends Epoch {
  /** Batches and openings; enrolments are of no day. */
  readonly transactions: number;
  /** Of them with what they took. */
  readonly gas: number;
  readonly stopped: number;
  readonly firstSentAt: number | undefined;
  /** Of the last one; undefined while one is not. */
  readonly minedAt: number | undefined;
  readonly finalAt: number | undefined;
}

/** What pages read of the mint: plans without their deltas, and where each transaction stands. */
export class SweepStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The newest first. @param before epochs below it. */
  async list(limit: number, before?: number): Promise<ListedEpoch[]> {
    const rows = await this.#sql<ListedRow[]>`
      select e.*, c.name as contract_name, coalesce(b.transactions, 0)::int as transactions, coalesce(b.gas, 0)::float8 as gas,
        coalesce(b.stopped, 0)::int as stopped, b.mined_at, b.final_at,
        (select min(a.sent_at) from mint_attempts a where a.kind in ('open', 'mint', 'close') and a.epoch = e.epoch) as first_sent_at
      from (select * from mint_epochs where epoch < ${before ?? 2 ** 31 - 1} order by epoch desc limit ${limit}) e
      left join lateral (
        select count(*) as transactions, sum(gas) as gas, count(*) filter (where state = 'stopped') as stopped,
          case when count(*) = count(coalesce(mined_at, final_at)) then max(coalesce(mined_at, final_at)) end as mined_at,
          case when count(*) = count(final_at) then max(final_at) end as final_at
        from mint_batches where kind in ('open', 'mint', 'close') and epoch = e.epoch) b on true
      left join mint_contracts c on c.id = e.contract
      order by e.epoch desc`;
    return rows.map((row) => ({
      ...epochOf(row),
      ...{ transactions: row.transactions, gas: row.gas, stopped: row.stopped },
      ...{ firstSentAt: at(row.first_sent_at), minedAt: at(row.mined_at), finalAt: at(row.final_at) },
    }));
  }

  async find(epoch: number): Promise<Sweep | undefined> {
    const sql = this.#sql;
    const [rows, chains, faults, transactions] = await Promise.all([
      sql<EpochRow[]>`select e.*, c.name as contract_name from mint_epochs e
        left join mint_contracts c on c.id = e.contract where epoch = ${epoch}`,
      sql<ChainPlan[]>`select chain, slots, cap::float8 as cap, bounds, digest from mint_chains
        where epoch = ${epoch} order by chain`,
      sql<{ place: string; code: string; message: string; since: Date }[]>`
        select f.place, f.code, f.message, f.since from mint_faults f join mint_epochs e on e.epoch = ${epoch} and e.ended_at is null
        order by f.place`,
      this.#transactions(epoch),
    ]);
    const [row] = rows;
    const told = faults.map((fault) => ({ ...fault, since: fault.since.getTime() }));
    return row && { ...epochOf(row), faults: told, chains: [...chains], transactions };
  }

  /** What nodes were told, as they were told. @returns undefined where it is not there, or nobody was told yet. */
  async told(
    epoch: number,
    { chain, batch }: { chain: number; batch: number },
  ): Promise<{ readonly cmd: string; readonly deltas: string } | undefined> {
    const [row] = await this.#sql<{ cmd: string; deltas: string }[]>`
      select a.cmd, p.deltas from mint_attempts a
        join mint_plans p on p.epoch = a.epoch and p.chain = a.chain and p.batch = a.part
      where a.kind = 'mint' and a.epoch = ${epoch} and a.chain = ${chain} and a.part = ${batch} and a.sent_at is not null
      order by a.attempt desc limit 1`;
    return row;
  }

  async #transactions(epoch: number): Promise<Transaction[]> {
    const sql = this.#sql;
    const [from, until] = [new Date(epoch * DAY_MS), new Date((epoch + 1) * DAY_MS)];
    const rows = await sql<TransactionRow[]>`
      with shown as (
        select b.* from mint_batches b where (b.kind in ('open', 'mint', 'close') and b.epoch = ${epoch})
          or (b.kind = 'enrol' and exists (select from mint_attempts a
            where a.contract = b.contract and a.kind = b.kind and a.epoch = b.epoch and a.chain = b.chain and a.part = b.part
              and a.signed_at >= ${from} and a.signed_at < ${until}))
          or (b.kind = 'enrol' and b.state = 'stopped' and b.contract = ${presentContract(sql)}
            and ${epoch} = (select max(epoch) from mint_epochs)))
      select b.kind, b.chain, b.part, b.size, b.digest, b.model_gas, b.preflight_gas, coalesce(a.gas_limit, b.gas_limit) as gas_limit, b.state, b.attempt, b.reason, b.since, b.mined_at,
        b.final_at, b.height::float8 as height, b.block, b.gas, p.from_bucket, p.to_bucket, p.sum::float8 as sum,
        p.bytes, p.gas as gas_planned, coalesce(a.attempts, '[]'::jsonb) as attempts
      from shown b
        left join mint_plans p on b.kind = 'mint' and p.epoch = b.epoch and p.chain = b.chain and p.batch = b.part
        left join lateral (select (array_agg(t.gas_limit order by t.attempt desc))[1] as gas_limit, jsonb_agg(jsonb_build_object(
            'attempt', t.attempt, 'requestKey', t.request_key, 'gasPrice', t.gas_price, 'bytes', octet_length(t.cmd),
            'signedAt', extract(epoch from t.signed_at) * 1000, 'sentAt', extract(epoch from t.sent_at) * 1000)
            order by t.attempt) as attempts
          from mint_attempts t where t.contract = b.contract and t.kind = b.kind and t.epoch = b.epoch and t.chain = b.chain and t.part = b.part) a on true
      order by b.chain, b.kind, b.part`;
    return rows.map(transactionOf);
  }
}

interface EpochRow {
  epoch: number;
  contract_name: string | null;
  state: Epoch['state'];
  mode: Epoch['mode'];
  plan_hash: string;
  cut_id: string;
  cut_sequence: bigint | string;
  points: bigint | string;
  accounts: number;
  waiting: number;
  cut_at: Date;
  ended_at: Date | null;
}

interface ListedRow extends EpochRow {
  transactions: number;
  gas: number;
  stopped: number;
  first_sent_at: Date | null;
  mined_at: Date | null;
  final_at: Date | null;
}

interface TransactionRow {
  kind: ActKind;
  chain: number;
  part: number;
  size: number;
  digest: string;
  model_gas: number;
  preflight_gas: number | null;
  gas_limit: number;
  state: BatchState;
  attempt: number;
  reason: string;
  since: Date;
  mined_at: Date | null;
  final_at: Date | null;
  height: number | null;
  block: string | null;
  gas: number | null;
  from_bucket: number | null;
  to_bucket: number | null;
  sum: number | null;
  bytes: number | null;
  gas_planned: number | null;
  attempts: (Omit<Attempt, 'sentAt'> & { sentAt: number | null })[];
}

function epochOf(row: EpochRow): Epoch {
  return {
    ...{ epoch: row.epoch, state: row.state, mode: row.mode, planHash: row.plan_hash, cutId: row.cut_id },
    contract: row.contract_name ?? undefined,
    ...{ cutSequence: Number(row.cut_sequence), points: Number(row.points) },
    ...{
      accounts: row.accounts,
      waiting: row.waiting,
      cutAt: row.cut_at.getTime(),
      endedAt: at(row.ended_at),
    },
  };
}

function transactionOf(row: TransactionRow): Transaction {
  const planned = row.from_bucket === null ? undefined : plannedOf(row);
  return {
    ...{ kind: row.kind, chain: row.chain, part: row.part, size: row.size, digest: row.digest },
    ...{ gasLimit: row.gas_limit, modelGas: row.model_gas, preflightGas: row.preflight_gas ?? undefined },
    ...{ state: row.state, attempt: row.attempt, reason: row.reason },
    ...{ since: row.since.getTime(), minedAt: at(row.mined_at), finalAt: at(row.final_at) },
    ...{ height: row.height ?? undefined, block: row.block ?? undefined, gas: row.gas ?? undefined, planned },
    attempts: row.attempts.map(({ sentAt, ...attempt }) => ({ ...attempt, sentAt: sentAt ?? undefined })),
  };
}

function plannedOf({ from_bucket, to_bucket, sum, bytes, gas_planned }: TransactionRow) {
  return {
    ...{ from: from_bucket ?? 0, to: to_bucket ?? 0, sum: sum ?? 0 },
    ...{ bytes: bytes ?? 0, gas: gas_planned ?? 0 },
  };
}

function at(instant: Date | null): number | undefined {
  return instant?.getTime();
}
