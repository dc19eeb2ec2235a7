import { createHash } from 'node:crypto';
import {
  BUCKET,
  commandText,
  deltasDigest,
  enrolmentDigest,
  MINT_CHAINS,
  type MintAct,
  planEpoch,
  requestKey,
} from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import { createLedgerTools, type EventDraft, type Kind, type LedgerTools } from '#ledger/index.ts';
import { type ActKind, type BatchState, GasAccountStore, hourOf } from '#mint/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

export const DAY = 20_783;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BLOCK_MS = 30_000;
const WAY = ['planned', 'signed', 'sent', 'mined', 'final', 'settled'] as const;
const CONTRACT = {
  ...{ networkId: 'stoa', namespace: `n_${'ab'.repeat(20)}`, module: 'register' },
  ...{ moduleHash: deltasDigest('module'), sender: `k:${'cd'.repeat(32)}`, publicKey: 'cd'.repeat(32) },
  ...{ gasPrice: 0.000_000_011, ttl: 3_600 },
};

export interface Where {
  readonly kind: ActKind;
  readonly epoch: number;
  readonly chain: number;
  readonly part: number;
}

/** The tables of the mint, filled as a day fills them: by the real plan, real commands, and a ledger that reserved what is planned. */
export class SweepRows {
  now = DAY * DAY_MS;
  /** Of the chains when a day is cut. */
  height = 4_812_000;
  readonly sql: Sql;
  readonly #ledger: LedgerTools;
  readonly #names: string[] = [];
  #events = 0;

  constructor(sql: Sql) {
    this.sql = sql;
    this.#ledger = createLedgerTools({ sql, clock: { now: () => this.now } });
  }

  static async open(sql: Sql): Promise<SweepRows> {
    await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours,
      mint_faults, mint_gas_accounts, mint_approvals, mint_attempts, mint_batches, mint_plans, mint_chains, mint_epochs, mint_slots, mint_contracts, payout_proofs, payout_challenges,
      payout_accounts, payout_choices cascade`;
    const rows = new SweepRows(sql);
    await rows.#ledger.book.begin();
    return rows;
  }

  /** Accounts with final slots, spread over the chains; all are the e-mail's own. */
  async seat(count: number, email = 'ann@stoa.example'): Promise<void> {
    const first = this.#names.length;
    for (let i = first; i < first + count; i += 1) this.#names.push(`k:${hex(`account ${i}`)}`);
    const rows = this.#names.slice(first).map((account, i) => ({
      ...{ account, id: idOf(account), nonce: hex(`nonce ${account}`).slice(0, 32) },
      ...{ chain: (first + i) % MINT_CHAINS, slot: Math.floor((first + i) / MINT_CHAINS) },
    }));
    const { sql } = this;
    const at = new Date(this.now);
    await sql`insert into payout_accounts ${sql(rows.map(({ id, account }) => ({ account_id: id, account })))}`;
    await sql`insert into mint_slots ${sql(
      rows.map(({ id, chain, slot }) => ({ account_id: id, chain, slot, state: 'final', allotted_at: at })),
    )}`;
    for (const { id, nonce } of rows) {
      await sql`insert into payout_challenges (nonce, email, account_id, expires_at) values (${nonce}, ${email}, ${id}, ${at})`;
      await sql`insert into payout_proofs
        (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
        values (${id}, ${email}, ${nonce}, '', '[]', '{}', 'name', '{}', ${at}, 0)`;
    }
  }

  /** Points of an account that is in no plan. @param slot how far its slot is; none where it is left out. */
  async wait(
    name: string,
    points: number,
    slot?: { state: 'allotted' | 'enrolled'; chain: number; slot: number },
  ) {
    const account = `k:${hex(name)}`;
    await this.sql`insert into payout_accounts (account_id, account) values (${idOf(account)}, ${account})`;
    if (slot !== undefined)
      await this.sql`insert into mint_slots (account_id, chain, slot, state, allotted_at)
        values (${idOf(account)}, ${slot.chain}, ${slot.slot}, ${slot.state}, ${new Date(this.now)})`;
    await this.#write('adjustment', [[idOf(account), points]]);
  }

  /** Cuts a day at 06:20: whoever has a slot and points is in it. */
  async cut(epoch: number, pointsOf: (account: number) => number, mode: 'shadow' | 'live' = 'shadow') {
    this.now = epoch * DAY_MS + 6 * HOUR_MS + 20 * 60_000;
    const shares = this.#names
      .map((account, i) => [idOf(account), pointsOf(i)] as const)
      .filter(([, n]) => n > 0);
    await this.#write('adjustment', shares);
    const plan = planEpoch({
      ...{ epoch, cutId: `eu ${epoch} ${hex(String(epoch))}` },
      chains: Array.from({ length: MINT_CHAINS }, (_, chain) => ({
        chain,
        slots: this.#names.filter((_name, i) => i % MINT_CHAINS === chain).length,
        points: new Map(
          this.#names.flatMap((_name, i) =>
            i % MINT_CHAINS === chain && pointsOf(i) > 0
              ? [[Math.floor(i / MINT_CHAINS), pointsOf(i)] as const]
              : [],
          ),
        ),
      })),
    });
    const { sql } = this;
    const [{ waiting } = { waiting: 0 }] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from ledger_accounts l where current >= ${String(POINT)}::numeric
        and not exists (select from mint_slots s where s.account_id = l.account_id and s.state = 'final')`;
    await sql`insert into mint_epochs
      (epoch, state, plan_hash, cut_id, cut_sequence, cut_hash, mode, points, accounts, waiting, cut_at)
      values (${epoch}, 'running', ${plan.hash}, ${plan.cutId}, ${epoch}, '\\x00', ${mode}, ${plan.points},
        ${shares.length}, ${waiting}, ${new Date(this.now)})`;
    for (const { chain, slots, cap, bounds, digest, batches } of plan.chains) {
      await sql`insert into mint_chains (epoch, chain, slots, cap, bounds, digest)
        values (${epoch}, ${chain}, ${slots}, ${cap}, ${[...bounds]}::int[], ${digest})`;
      await this.#plan(
        { kind: 'open', epoch, chain, part: 0 },
        { size: bounds.length, digest, gasLimit: 1_500 },
      );
      for (const b of batches) {
        await sql`insert into mint_plans (epoch, chain, batch, from_bucket, to_bucket, deltas, sum, digest, bytes, gas, gas_limit)
          values (${epoch}, ${chain}, ${b.batch}, ${b.from}, ${b.to}, ${b.deltas}, ${b.sum}, ${b.digest}, ${b.bytes}, ${b.gas}, ${b.gasLimit})`;
        const where = { kind: 'mint', epoch, chain, part: b.batch } as const;
        await this.#plan(where, { size: b.to - b.from, digest: b.digest, gasLimit: b.gasLimit });
      }
    }
    await this.#write('reserved', shares, epoch);
  }

  /** Slots of a chain that were enrolled by one transaction. */
  async enrol(chain: number, first: number, size: number): Promise<Where> {
    const where = { kind: 'enrol', epoch: 0, chain, part: first } as const;
    const accounts = Array.from({ length: size }, (_, i) => `k:${hex(`enrolled ${chain} ${first + i}`)}`);
    await this.#plan(where, { size, digest: enrolmentDigest(accounts), gasLimit: 2_000 + 300 * size });
    return where;
  }

  /** Lets every transaction of a day come to a state, step by step, some of them a block later than others. */
  async run(epoch: number, to: BatchState, only: (where: Where) => boolean = () => true): Promise<void> {
    const all = await this.sql<Where[]>`select kind, epoch, chain, part from mint_batches
      where epoch = ${epoch} and kind <> 'enrol' order by chain, kind desc, part`;
    for (const where of all) if (only(where)) await this.bring(where, to);
  }

  /** Along all states up to it, from where it stands. */
  async bring(where: Where, to: BatchState, reason = ''): Promise<void> {
    const [row] = await this.sql<
      { state: BatchState }[]
    >`select state from mint_batches where ${this.#at(where)}`;
    const from = WAY.indexOf(row!.state as (typeof WAY)[number]);
    const until = WAY.indexOf(to as (typeof WAY)[number]);
    for (const state of until < 0 ? [to] : WAY.slice(from + 1, until + 1))
      await this.#step(where, state, reason);
  }

  /** The next attempt of one that died. */
  async retry(where: Where): Promise<void> {
    await this
      .sql`update mint_batches set state = 'planned', attempt = attempt + 1, height = null, block = null
      where ${this.#at(where)}`;
  }

  /** As whoever leads reads it. */
  async gas({ chain, balance, needed }: { chain: number; balance: number; needed: number }): Promise<void> {
    const account = CONTRACT.sender;
    await new GasAccountStore(this.sql).keep({ chain, account, balance, needed, readAt: this.now });
  }

  async end(epoch: number, state: 'settled' | 'cancelled'): Promise<void> {
    await this
      .sql`update mint_epochs set state = ${state}, ended_at = ${new Date(this.now)} where epoch = ${epoch}`;
  }

  async #step(where: Where, state: BatchState, reason: string): Promise<void> {
    if (state === 'signed') await this.#sign(where);
    const at = new Date(this.#instantOf(where, state));
    if (state === 'sent')
      await this.sql`update mint_attempts set sent_at = ${at} where ${this.#at(where)} and attempt =
        (select attempt from mint_batches where ${this.#at(where)})`;
    const seen = state === 'mined' || state === 'final' || state === 'settled';
    const height = this.height + where.chain + (where.kind === 'open' ? 0 : 2 + where.part);
    const { sql } = this;
    await sql`update mint_batches set state = ${state}, preflight_gas = round(gas_limit / 1.26)::int, reason = ${reason}, since = ${at},
        height = ${seen ? height : null}, block = ${seen ? deltasDigest(`block ${where.chain} ${height}`) : null},
        gas = case when ${seen} then round(gas_limit / 1.26)::int end,
        mined_at = case when ${state === 'mined'} then ${at} else mined_at end,
        final_at = case when ${state === 'final'} then ${at} else final_at end
      where ${this.#at(where)}`;
    if (state === 'settled' && where.kind === 'mint') await this.#settle(where);
  }

  #instantOf({ kind, epoch, chain, part }: Where, state: BatchState): number {
    const cut = kind === 'enrol' ? this.now : epoch * DAY_MS + 6 * HOUR_MS + 20 * 60_000;
    const begun = cut + 4_000 + (kind === 'open' ? 0 : (1 + part) * (BLOCK_MS + chain * 900));
    const after: Partial<Record<BatchState, number>> = {
      sent: 2_000,
      mined: 24_000 + chain * 1_700,
      final: 214_000,
    };
    return begun + (after[state] ?? (state === 'settled' ? 3_690_000 : 0));
  }

  async #sign(where: Where): Promise<void> {
    const { sql } = this;
    const [row] = await sql<{ attempt: number; gas_limit: number; digest: string; size: number }[]>`
      select attempt, gas_limit, digest, size from mint_batches where ${this.#at(where)}`;
    const { attempt, gas_limit: gasLimit, digest, size } = row!;
    const creationTime = Math.floor(this.#instantOf(where, 'signed') / 1_000) - 30;
    const setting = { ...CONTRACT, chain: where.chain, gasLimit, creationTime, attempt };
    const cmd = commandText(await this.#act(where, { digest, size }), setting);
    await sql`insert into mint_attempts
      (kind, epoch, chain, part, attempt, cmd, signatures, request_key, gas_price, gas_limit, expires_at, signed_at)
      values (${where.kind}, ${where.epoch}, ${where.chain}, ${where.part}, ${attempt}, ${cmd}, '[{"sig":"00"}]',
        ${requestKey(cmd)}, ${String(CONTRACT.gasPrice)}, ${gasLimit},
        ${creationTime + CONTRACT.ttl},
        ${new Date(this.#instantOf(where, 'signed'))})`;
  }

  async #act(where: Where, { digest, size }: { digest: string; size: number }): Promise<MintAct> {
    const { kind, epoch, chain, part } = where;
    if (kind === 'enrol') {
      const accounts = Array.from({ length: size }, (_, i) => `k:${hex(`enrolled ${chain} ${part + i}`)}`);
      return { kind, first: part, accounts, digest };
    }
    if (kind === 'open') {
      const [row] = await this.sql<{ cap: number; bounds: number[] }[]>`
        select cap::float8 as cap, bounds from mint_chains where epoch = ${epoch} and chain = ${chain}`;
      return { kind, epoch, cap: row!.cap, bounds: row!.bounds, digest };
    }
    const [row] = await this.sql<{ deltas: string; sum: number }[]>`
      select deltas, sum::float8 as sum from mint_plans where epoch = ${epoch} and chain = ${chain} and batch = ${part}`;
    return { kind: 'mint', epoch, batch: part, deltas: row!.deltas, sum: row!.sum, digest };
  }

  async #settle({ epoch, chain, part }: Where): Promise<void> {
    const rows = await this.sql<{ id: string; points: number }[]>`
      select v.account_id as id, (v.amount / ${String(POINT)}::numeric)::float8 as points
      from stoicism_events v join mint_slots s using (account_id)
        join mint_plans p on p.epoch = ${epoch} and p.chain = s.chain and p.batch = ${part}
      where v.ref = ${String(epoch)} and v.kind = 'reserved' and s.chain = ${chain}
        and s.slot >= p.from_bucket * ${BUCKET} and s.slot < p.to_bucket * ${BUCKET}`;
    await this.#write(
      'settled',
      rows.map(({ id, points }) => [id, points] as const),
      epoch,
    );
  }

  async #plan(where: Where, { size, digest, gasLimit }: { size: number; digest: string; gasLimit: number }) {
    await this
      .sql`insert into mint_batches (kind, epoch, chain, part, size, digest, model_gas, gas_limit, state, attempt, since)
      values (${where.kind}, ${where.epoch}, ${where.chain}, ${where.part}, ${size}, ${digest}, ${Math.floor(gasLimit / 1.2)}, ${gasLimit}, 'planned', 0,
        ${new Date(this.now)})`;
  }

  async #write(kind: Kind, amounts: readonly (readonly [string, number])[], epoch?: number): Promise<void> {
    if (amounts.length === 0) return;
    const hour = epoch === undefined ? Math.floor(this.now / HOUR_MS) : hourOf(epoch);
    await this.#ledger.book.open(hour, ({ append }) =>
      append(
        amounts.map(([accountId, points]): EventDraft => {
          this.#events += 1;
          return {
            ...{
              kind,
              hour,
              revision: 0,
              nodeId: '',
              accountId,
              amount: BigInt(points) * POINT,
              ownerId: undefined,
            },
            ...{ ref: epoch === undefined ? `rows ${this.#events}` : String(epoch) },
            basis: { minutes: 0n, microScore: 0, scoreVersion: 0 },
          };
        }),
      ),
    );
  }

  #at({ kind, epoch, chain, part }: Where) {
    return this.sql`kind = ${kind} and epoch = ${epoch} and chain = ${chain} and part = ${part}`;
  }
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function idOf(account: string): string {
  return hex(`id ${account}`).slice(0, 32);
}
