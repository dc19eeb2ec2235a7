import { BUCKET } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import type { OwnMint } from '#earnings/index.ts';
import { type BatchState, dayText, type EpochState, hourOf } from '#mint/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

interface Row {
  epoch: number;
  mode: OwnMint['mode'];
  day_state: EpochState;
  account: string;
  points: number;
  chain: number;
  slot: number;
  batch: number;
  state: BatchState;
  request_key: string | null;
}

const DAYS = 14;
/** Of one person, however many accounts that are. */
const MOST = 100;

/** Mints of the accounts that a person proved to hold. */
export class OwnMints {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of the last days, the newest first. */
  async of(email: string): Promise<OwnMint[]> {
    const rows = await this.#sql<Row[]>`
      select d.epoch, d.mode, d.state as day_state, a.account, s.chain, s.slot, p.batch, b.state,
        (v.amount / ${String(POINT)}::numeric)::float8 as points,
        (select t.request_key from mint_attempts t where t.kind = 'mint' and t.epoch = d.epoch and t.chain = s.chain
          and t.part = p.batch and t.sent_at is not null order by t.attempt desc limit 1) as request_key
      from (select * from mint_epochs order by epoch desc limit ${DAYS}) d
        cross join (select distinct account_id from payout_proofs where email = ${email}) own
        join payout_accounts a using (account_id)
        join mint_slots s on s.account_id = own.account_id and s.contract = d.contract
        join stoicism_events v on v.hour = d.epoch * 24 + ${hourOf(0)}::int and v.node_id = '' and v.kind = 'reserved'
          and v.account_id = own.account_id and v.revision = 0 and v.ref = d.epoch::text
        join mint_plans p on p.epoch = d.epoch and p.chain = s.chain and s.slot / ${BUCKET}::int >= p.from_bucket and s.slot / ${BUCKET}::int < p.to_bucket
        join mint_batches b on b.kind = 'mint' and b.epoch = d.epoch and b.chain = s.chain and b.part = p.batch
      order by d.epoch desc, a.account limit ${MOST}`;
    return rows.map((row) => ({
      ...{ day: dayText(row.epoch), mode: row.mode, account: row.account, points: row.points },
      ...{ chain: row.chain, slot: row.slot, batch: row.batch, state: toldState(row) },
      requestKey: row.request_key ?? undefined,
    }));
  }
}

function toldState({ state, day_state }: Pick<Row, 'state' | 'day_state'>): OwnMint['state'] {
  if (state === 'settled') return 'minted';
  if (day_state === 'cancelled') return 'given back';
  return state === 'final' || state === 'stopped' ? state : 'on its way';
}
