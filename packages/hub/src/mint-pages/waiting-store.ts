import { POINT } from '@stoa/protocol/stoicism';
import { presentContract } from '#mint/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** Why an account with a whole point is in no plan: nobody proved to hold it; or how far its slot is. */
export type WaitingFor = 'proof' | 'slot' | 'allotted' | 'enrolled';

export interface Waiting {
  readonly why: WaitingFor;
  readonly accounts: number;
  /** Whole ones. */
  readonly points: number;
}

/** Who waits as it is now: the next cut takes those whose slot is final by then. */
export async function readWaiting(sql: Sql): Promise<Waiting[]> {
  const rows = await sql<Waiting[]>`
    select why, count(*)::int as accounts, sum(points)::float8 as points from (
      select div(l.current, ${String(POINT)}::numeric) as points,
        coalesce(s.state, case when exists (select from payout_proofs v where v.account_id = l.account_id)
          then 'slot' else 'proof' end) as why
      from ledger_accounts l left join mint_slots s
        on s.account_id = l.account_id and s.contract = ${presentContract(sql)}
      where l.current >= ${String(POINT)}::numeric and s.state is distinct from 'final') waiting
    group by why order by why`;
  return [...rows];
}
