import type { EpochPlan, PlannedEnrolment, Weight } from '@stoa/protocol/mint';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { BatchState, Move, Standing } from './batch-state.ts';
import { presentContract } from './contract-name.ts';
import type { ActKind } from './schema.ts';
import type { SignedCommand } from './signer.ts';

/** Names a transaction of the mint. */
export interface BatchKey {
  /** Of which it is: an enrolment's slots are of one contract. */
  readonly contract: number;
  readonly kind: ActKind;
  /** 0 of an enrolment. */
  readonly epoch: number;
  readonly chain: number;
  /** Of a mint its batch, of an enrolment its first slot, else 0. */
  readonly part: number;
}

/** A transaction, where it stands, and what of it was signed. */
export interface Batch extends BatchKey, Standing {
  readonly size: number;
  readonly digest: string;
  /** An upper bound of what it takes, by the model, and the limit by that: what nodes say raises it. */
  readonly modelGas: number;
  readonly gasLimit: number;
  /** What nodes said that it takes, before its newest attempt was signed. */
  readonly preflightGas: number | undefined;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly seen: Seen | undefined;
}

/** Where nodes found it. */
export interface Seen {
  readonly height: number;
  readonly block: string;
  readonly gas: number;
}

/** Bytes that exist. */
export interface Attempt {
  readonly attempt: number;
  readonly command: SignedCommand;
  readonly gasPrice: number;
  readonly gasLimit: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly sentAt: number | undefined;
}

/** Bytes that were just made. */
export interface Signed extends Omit<Attempt, 'sentAt'> {
  /** What nodes said that it takes. */
  readonly preflightGas: number;
}

interface Row {
  contract: number;
  kind: ActKind;
  epoch: number;
  chain: number;
  part: number;
  size: number;
  digest: string;
  model_gas: number;
  gas_limit: number;
  preflight_gas: number | null;
  state: BatchState;
  attempt: number;
  reason: string;
  since: Date;
  height: bigint | null;
  block: string | null;
  gas: number | null;
}

interface AttemptRow {
  attempt: number;
  cmd: string;
  signatures: readonly { readonly sig: string }[];
  request_key: string;
  gas_price: string;
  gas_limit: number;
  expires_at: bigint;
  sent_at: Date | null;
}

type Draft = Omit<BatchKey, 'contract'> & Pick<Batch, 'size' | 'digest' | 'modelGas' | 'gasLimit'>;

/** Transactions and their states. Whoever moves one says from where: of two who try, one does. */
export class BatchStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** All of a day in the order in which its chains take them: it is opened, then filled. */
  async plan(tx: TransactionSql, { epoch, chains }: EpochPlan, now: number): Promise<void> {
    for (const { chain, bounds, digest, opening, batches } of chains) {
      const open = { kind: 'open', epoch, chain, part: 0, size: bounds.length, digest } as const;
      await this.#insert(tx, { ...open, ...gasOf(opening) }, now);
      for (const one of batches) {
        const mint = { kind: 'mint', epoch, chain, part: one.batch, size: one.to - one.from } as const;
        await this.#insert(tx, { ...mint, digest: one.digest, ...gasOf(one) }, now);
      }
    }
  }

  async enrol(
    tx: TransactionSql,
    { chain, first, accounts, digest, ...weight }: PlannedEnrolment,
    now: number,
  ): Promise<void> {
    const one = { kind: 'enrol', epoch: 0, chain, part: first, size: accounts.length, digest } as const;
    await this.#insert(tx, { ...one, ...gasOf(weight) }, now);
  }

  /** Of a day that is given up. @param closing.total whole points that the chain has of it. */
  async close(
    tx: TransactionSql,
    { epoch, chain, total, weight }: { epoch: number; chain: number; total: number; weight: Weight },
    now: number,
  ): Promise<void> {
    const one = { kind: 'close', epoch, chain, part: 0, size: total, digest: '' } as const;
    await this.#insert(tx, { ...one, ...gasOf(weight) }, now);
  }

  /** Of a chain what is not at its end, in its order. A cancelled day's are at theirs, and whatever is of a former contract. */
  async open(chain: number): Promise<Batch[]> {
    const rows = await this.#sql<Row[]>`select b.* from mint_batches b left join mint_epochs e using (epoch)
      where b.contract = ${presentContract(this.#sql)} and b.chain = ${chain} and b.state <> 'settled' and e.ended_at is null
      order by b.seq`;
    return rows.map(batchOf);
  }

  async ofEpoch(epoch: number, sql: Sql | TransactionSql = this.#sql): Promise<Batch[]> {
    const rows = await sql<
      Row[]
    >`select * from mint_batches where epoch = ${epoch} and kind <> 'enrol' order by seq`;
    return rows.map(batchOf);
  }

  /** Of a day that runs, and of enrolments, which are of none. */
  async stopped(tx: TransactionSql, epoch: number): Promise<Batch[]> {
    const rows = await tx<Row[]>`select b.* from mint_batches b left join mint_epochs e using (epoch)
      where b.contract = ${presentContract(tx)} and b.state = 'stopped' and e.ended_at is null
        and (b.epoch = ${epoch} or b.kind = 'enrol') order by b.seq`;
    return rows.map(batchOf);
  }

  /** Its bytes, the first attempt first. */
  async attempts({ contract, kind, epoch, chain, part }: BatchKey): Promise<Attempt[]> {
    const rows = await this.#sql<AttemptRow[]>`
      select attempt, cmd, signatures, request_key, gas_price::text as gas_price, gas_limit, expires_at,
        sent_at from mint_attempts
      where contract = ${contract} and kind = ${kind} and epoch = ${epoch} and chain = ${chain} and part = ${part} order by attempt`;
    return rows.map((row) => ({
      attempt: row.attempt,
      command: { cmd: row.cmd, hash: row.request_key, sigs: row.signatures },
      gasPrice: Number(row.gas_price),
      gasLimit: row.gas_limit,
      expiresAt: Number(row.expires_at),
      sentAt: row.sent_at?.getTime(),
    }));
  }

  /** @returns false where it stands elsewhere meanwhile. */
  async move(
    tx: TransactionSql,
    { contract, kind, epoch, chain, part, state, attempt }: BatchKey & Standing,
    { to, now, seen }: { to: Move; now: number; seen?: Seen | undefined },
  ): Promise<boolean> {
    const at = new Date(now);
    const { count } = await tx`update mint_batches set state = ${to.state}, attempt = ${to.attempt},
        reason = ${to.reason ?? ''}, since = ${at},
        mined_at = case when ${to.state} = 'mined' then ${at} else mined_at end,
        final_at = case when ${to.state} = 'final' then ${at} else final_at end,
        height = ${seen?.height ?? null}, block = ${seen?.block ?? null}, gas = ${seen?.gas ?? null}
      where contract = ${contract} and kind = ${kind} and epoch = ${epoch} and chain = ${chain} and part = ${part}
        and state = ${state} and attempt = ${attempt}`;
    return count === 1;
  }

  /** Before anything of it is sent. An attempt has one content of bytes: what is stored stays. */
  async keep(
    tx: TransactionSql,
    { contract, kind, epoch, chain, part }: BatchKey,
    { attempt, command, gasPrice, gasLimit, expiresAt, preflightGas }: Signed,
    now: number,
  ): Promise<void> {
    await tx`insert into mint_attempts
      (contract, kind, epoch, chain, part, attempt, cmd, signatures, request_key, gas_price, gas_limit, expires_at, signed_at)
      values (${contract}, ${kind}, ${epoch}, ${chain}, ${part}, ${attempt}, ${command.cmd}, ${tx.json(command.sigs as never)},
        ${command.hash}, ${String(gasPrice)}::text::numeric, ${gasLimit}, ${expiresAt}, ${new Date(now)})
      on conflict do nothing`;
    await tx`update mint_batches set preflight_gas = ${preflightGas}
      where contract = ${contract} and kind = ${kind} and epoch = ${epoch} and chain = ${chain} and part = ${part}`;
  }

  /** Nodes are about to be told. */
  async told({ contract, kind, epoch, chain, part }: BatchKey, attempt: number, now: number): Promise<void> {
    await this.#sql`update mint_attempts set sent_at = coalesce(sent_at, ${new Date(now)})
      where contract = ${contract} and kind = ${kind} and epoch = ${epoch} and chain = ${chain} and part = ${part} and attempt = ${attempt}`;
  }

  async #insert(tx: TransactionSql, one: Draft, now: number): Promise<void> {
    await tx`insert into mint_batches (contract, kind, epoch, chain, part, size, digest, model_gas, gas_limit, state, attempt, since)
      values (${presentContract(tx)}, ${one.kind}, ${one.epoch}, ${one.chain}, ${one.part}, ${one.size}, ${one.digest}, ${one.modelGas}, ${one.gasLimit},
        'planned', 0, ${new Date(now)})`;
  }
}

function gasOf({ gas, gasLimit }: Pick<Weight, 'gas' | 'gasLimit'>): Pick<Batch, 'modelGas' | 'gasLimit'> {
  return { modelGas: gas, gasLimit };
}

function batchOf(row: Row): Batch {
  const { contract, kind, epoch, chain, part, size, digest, state, attempt, reason } = row;
  const { since, height, block, gas } = row;
  return {
    ...{ contract, kind, epoch, chain, part, size, digest, state, attempt, reason },
    ...{ modelGas: row.model_gas, gasLimit: row.gas_limit, preflightGas: row.preflight_gas ?? undefined },
    since: since.getTime(),
    seen: height === null ? undefined : { height: Number(height), block: block ?? '', gas: gas ?? 0 },
  };
}
