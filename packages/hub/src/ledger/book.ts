import { setImmediate as nextTurn } from 'node:timers/promises';
import { CopyEncoder, copyIn, listOf, type Sql, type TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { Balances } from './balances.ts';
import { eventHash, GENESIS } from './chain.ts';
import type { EventDraft, LedgerEvent } from './event.ts';
import { EventMonths } from './months.ts';

export type Mode = 'shadow' | 'live';

/** Where the ledger ends, and what holds for what comes next. */
export interface Head {
  readonly sequence: number;
  readonly hash: Uint8Array;
  readonly ranAt: number;
  readonly mode: Mode;
  readonly locked: boolean;
  readonly firstHour: number;
  readonly resetSequence: number;
}

/** What is done while nobody else writes. */
export interface Opened {
  readonly tx: TransactionSql;
  readonly head: Head;
  /** Numbers, chains and stores events, and moves the balances. Balances and the end of the chain stand exactly if the events do. */
  append(drafts: readonly EventDraft[]): Promise<readonly LedgerEvent[]>;
  /** What holds from here on. Hours before the first one are not read again. */
  settle(terms: Terms): Promise<void>;
}

export type Terms = Pick<Head, 'mode' | 'locked' | 'firstHour'>;

const HOUR_MS = 3_600_000;
/** Hashed or encoded in one go; more would hold the event loop for longer than a frame may wait. */
const ROWS_A_TURN = 500;
const COLUMNS = [
  ...[
    'sequence',
    'hour',
    'kind',
    'revision',
    'node_id',
    'account_id',
    'ref',
    'amount',
    'minutes',
    'micro_score',
  ],
  ...['score_version', 'ran_at', 'hash', 'owner_email'],
];
const COPY = `copy stoicism_events (${COLUMNS.join(', ')}) from stdin with (format binary)`;

interface HeadRow {
  sequence: bigint;
  hash: Uint8Array;
  ran_at: Date;
  mode: Mode;
  locked: boolean;
  first_hour: number;
  reset_sequence: bigint;
}

/** The only writer of events and balances, one transaction at a time in all instances. */
export class LedgerBook {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #months: EventMonths;
  #begun = false;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#months = new EventMonths(by.sql);
  }

  /** As it stands; of a region whose ledger has not begun, as it would now. */
  async head(): Promise<Head> {
    const [row] = await this.#sql<HeadRow[]>`select * from ledger_head`;
    return row === undefined ? this.#first() : headOf(row);
  }

  /** @param hour of which events will be written. */
  async open<T>(hour: number, work: (opened: Opened) => Promise<T>): Promise<T> {
    await this.#months.ensure(hour);
    return (await this.#sql.begin(async (tx) => {
      await this.#begin(tx);
      const [row] = await tx<HeadRow[]>`select * from ledger_head for update`;
      let head = headOf(row!);
      return await work({
        tx,
        head,
        append: async (drafts) => {
          const events: LedgerEvent[] = [];
          head = await store(tx, { head, drafts, events, now: this.#clock.now() });
          return events;
        },
        settle: (terms) => settle(tx, terms),
      });
    })) as T;
  }

  /** The ledger begins with the hour in which a hub first asks for it. */
  async begin(): Promise<Head> {
    if (!this.#begun) await this.#begin(this.#sql);
    this.#begun = true;
    return this.head();
  }

  async #begin(sql: Sql | TransactionSql): Promise<void> {
    const { hash, ranAt, mode, firstHour } = this.#first();
    await sql`insert into ledger_head (id, sequence, hash, ran_at, mode, locked, first_hour, reset_sequence)
      values (1, 0, ${Buffer.from(hash)}, ${new Date(ranAt)}, ${mode}, false, ${firstHour}, 0) on conflict do nothing`;
  }

  #first(): Head {
    const now = this.#clock.now();
    return {
      ...{ sequence: 0, hash: GENESIS, ranAt: now, mode: 'shadow', locked: false },
      ...{ firstHour: Math.floor(now / HOUR_MS), resetSequence: 0 },
    };
  }
}

interface Written {
  readonly head: Head;
  readonly drafts: readonly EventDraft[];
  /** Gets them as they are stored. */
  readonly events: LedgerEvent[];
  readonly now: number;
}

async function store(tx: TransactionSql, written: Written): Promise<Head> {
  const { head, drafts, events } = written;
  if (drafts.length === 0) return head;
  await copyIn(tx, COPY, encoded(written, await ownersOf(tx, drafts)));
  const last = events.at(-1)!;
  const changes = new Balances();
  for (const event of events) changes.apply(event);
  const reset = events.findLast(({ kind }) => kind === 'reset');
  if (reset !== undefined) {
    await tx`delete from ledger_accounts`;
    await tx`delete from ledger_pending`;
  }
  await moveAccounts(tx, changes);
  await movePending(tx, changes);
  const { sequence, hash, ranAt } = last;
  const resetSequence = reset?.sequence ?? head.resetSequence;
  await tx`update ledger_head set sequence = ${sequence}, hash = ${Buffer.from(hash)}, ran_at = ${new Date(ranAt)},
    reset_sequence = ${resetSequence}`;
  return { ...head, sequence, hash, ranAt, resetSequence };
}

type OwnerOf = (event: EventDraft) => string | undefined;

/** Whose an event is, by e-mail: the owner whom it names, else the last chooser of its account who proved to hold it: anyone may name one. */
async function ownersOf(tx: TransactionSql, events: readonly EventDraft[]): Promise<OwnerOf> {
  const ids = [...new Set(events.flatMap(({ ownerId }) => ownerId ?? []))];
  const accounts = [
    ...new Set(
      events.flatMap((one) => (one.ownerId === undefined && one.accountId !== '' ? one.accountId : [])),
    ),
  ];
  const [people, choosers] = await Promise.all([
    tx<{ id: string; email: string }[]>`
      select owner_id as id, email from payout_people where owner_id = any(${listOf(tx, ids)})`,
    tx<{ id: string; email: string }[]>`
      select distinct on (account_id) account_id as id, owner as email from payout_choices
      where account_id = any(${listOf(tx, accounts)}) and exists (select from payout_proofs v
        where v.account_id = payout_choices.account_id and v.email = payout_choices.owner)
      order by account_id, seq desc`,
  ]);
  const byOwner = new Map(people.map(({ id, email }) => [id, email]));
  const byAccount = new Map(choosers.map(({ id, email }) => [id, email]));
  return ({ ownerId, accountId }) =>
    ownerId === undefined ? byAccount.get(accountId) : byOwner.get(ownerId);
}

async function settle(tx: TransactionSql, { mode, locked, firstHour }: Terms): Promise<void> {
  await tx`update ledger_head set mode = ${mode}, locked = ${locked}, first_hour = ${firstHour}`;
  await tx`update ledger_hours set next_pass_at = null where hour < ${firstHour} and next_pass_at is not null`;
}

/** Chains and encodes what comes next while the database still takes in what came before. */
async function* encoded({ head, drafts, events, now }: Written, ownerOf: OwnerOf): AsyncGenerator<Buffer> {
  const encoder = new CopyEncoder(COLUMNS.length);
  // A clock that was set back must not put events before those that they follow.
  const ranAt = Math.max(now, head.ranAt);
  let { sequence, hash } = head;
  for (let from = 0; from < drafts.length; from += ROWS_A_TURN) {
    for (const draft of drafts.slice(from, from + ROWS_A_TURN)) {
      sequence += 1;
      const unchained = { ...draft, sequence, ranAt };
      hash = eventHash(hash, unchained);
      const event = { ...unchained, hash };
      events.push(event);
      encode(encoder, event, ownerOf(event));
    }
    yield encoder.take();
    await nextTurn();
  }
  yield encoder.end();
}

function encode(to: CopyEncoder, event: LedgerEvent, owner: string | undefined): void {
  const { basis } = event;
  to.row().int8(event.sequence).int4(event.hour).text(event.kind).int2(event.revision).text(event.nodeId);
  to.text(event.accountId).text(event.ref).numeric(event.amount).int8(basis.minutes).int4(basis.microScore);
  to.int4(basis.scoreVersion)
    .timestamptz(event.ranAt)
    .bytea(event.hash)
    .text(owner ?? null);
}

/** Sorted, as all who touch many of them do. A check of the table sees a row before its conflict does, so sums are made first. */
async function moveAccounts(tx: TransactionSql, { accounts }: Balances): Promise<void> {
  const rows = [...accounts].sort(([a], [b]) => (a < b ? -1 : 1));
  if (rows.length === 0) return;
  const ids = rows.map(([id]) => id);
  const [current, minting, redeemed] = (['current', 'minting', 'redeemed'] as const).map((bucket) =>
    listOf(
      tx,
      rows.map(([, balance]) => balance[bucket]),
    ),
  );
  const changes = tx`unnest(${listOf(tx, ids)}, ${current!}::numeric[], ${minting!}::numeric[],
    ${redeemed!}::numeric[]) as d (account_id, current, minting, redeemed)`;
  const moved = await tx`update ledger_accounts a
    set current = a.current + d.current, minting = a.minting + d.minting, redeemed = a.redeemed + d.redeemed
    from ${changes} where a.account_id = d.account_id`;
  if (moved.count < rows.length)
    await tx`insert into ledger_accounts (account_id, current, minting, redeemed)
      select d.* from ${changes} where not exists (select from ledger_accounts a where a.account_id = d.account_id)`;
}

async function movePending(tx: TransactionSql, { pending }: Balances): Promise<void> {
  const rows = [...pending]
    .flatMap(([nodeId, accounts]) => [...accounts].map(([account, amount]) => ({ nodeId, account, amount })))
    .filter(({ amount }) => amount !== 0n);
  if (rows.length === 0) return;
  const nodes = rows.map(({ nodeId }) => nodeId);
  const accounts = rows.map(({ account }) => account);
  const amounts = rows.map(({ amount }) => amount);
  await tx`insert into ledger_pending as p (node_id, account_id, amount)
    select * from unnest(${listOf(tx, nodes)}, ${listOf(tx, accounts)}, ${listOf(tx, amounts)}::numeric[])
    on conflict (node_id, account_id) do update set amount = p.amount + excluded.amount`;
  await tx`delete from ledger_pending where node_id = any(${listOf(tx, nodes)}) and amount = 0`;
}

function headOf(row: HeadRow): Head {
  return {
    sequence: Number(row.sequence),
    hash: row.hash,
    ranAt: row.ran_at.getTime(),
    mode: row.mode,
    locked: row.locked,
    firstHour: row.first_hour,
    resetSequence: Number(row.reset_sequence),
  };
}
