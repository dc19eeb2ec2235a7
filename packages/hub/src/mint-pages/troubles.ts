import { WINDOW } from '@stoa/protocol/mint';
import type { MintTrouble } from '#alerts/index.ts';
import { dayText, GAS_DAYS, GasAccountStore, PASSING, presentContract } from '#mint/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { reasonOf, stoa } from './words.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** After 06:00 UTC by which a day is cut: the last hour before it is closed a quarter of an hour later. */
const CUT_BY_MS = 7.5 * HOUR_MS;
/** After its cut by which all of a sweep is final, and settled: 6 blocks and 120 blocks take 3 minutes and an hour. */
const FINAL_WITHIN_MS = HOUR_MS;
const SETTLED_WITHIN_MS = 3 * HOUR_MS;
/** After the start of a day that is given up: a chain that was not opened can be until its window ends. */
const GIVEN_UP_WITHIN_MS = (WINDOW + 1) * DAY_MS + 6 * HOUR_MS + SETTLED_WITHIN_MS;
/** A mint that made no plan for so long is turned off, not late. */
const OFF_AFTER_DAYS = 7;
/** Of a fault: two sides say something else. */
const DIFFERENCES: ReadonlySet<string> = new Set([
  'chain_differs',
  'ledger_changed',
  'plan_changed',
  'account_moved',
]);

/** Whoever leads reads what pays for gas every ten minutes: where nobody did for a day, nothing is minted. */
const GAS_READ_WITHIN_MS = DAY_MS;

/** What of the mint a person has to look at, for alerts: it is late, stopped, differs, something holds it up, or gas runs low. */
export async function readTroubles(sql: Sql, now: number): Promise<MintTrouble[]> {
  const [late, uncut, stopped, faults, gas] = await Promise.all([
    readLate(sql, now),
    readUncut(sql, now),
    readStopped(sql),
    readFaults(sql),
    readGas(sql, now),
  ]);
  return [...late, ...uncut, ...stopped, ...faults, ...gas];
}

async function readLate(sql: Sql, now: number): Promise<MintTrouble[]> {
  const rows = await sql<
    { epoch: number; state: string; cut_at: Date; all: number; final: number; settled: number }[]
  >`select e.epoch, e.state, e.cut_at, count(*)::int as all, count(*) filter (where b.state in ('final', 'settled'))::int as final,
      count(*) filter (where b.state = 'settled')::int as settled
    from mint_epochs e join mint_batches b on b.epoch = e.epoch and b.kind in ('open', 'mint', 'close')
    where e.ended_at is null group by e.epoch, e.state, e.cut_at order by e.epoch`;
  return rows.flatMap(({ epoch, state, cut_at, all, final, settled }) => {
    const due =
      state === 'cancelling'
        ? epoch * DAY_MS + GIVEN_UP_WITHIN_MS
        : cut_at.getTime() + (final < all ? FINAL_WITHIN_MS : SETTLED_WITHIN_MS);
    if (now < due) return [];
    const evidence = [
      { name: 'Cut', at: cut_at.getTime() },
      { name: 'Final', value: `${final} of ${all} transactions` },
      { name: 'Settled', value: `${settled} of ${all} transactions` },
    ];
    return [{ rule: 'mint-late', ...sweepOf(epoch), since: due, evidence }] as const;
  });
}

async function readUncut(sql: Sql, now: number): Promise<MintTrouble[]> {
  const day = Math.floor((now - CUT_BY_MS) / DAY_MS);
  const [row] = await sql<{ newest: number | null }[]>`select max(epoch) as newest from mint_epochs`;
  const newest = row?.newest ?? Number.NEGATIVE_INFINITY;
  if (newest >= day || newest < day - OFF_AFTER_DAYS) return [];
  const since = (newest + 1) * DAY_MS + CUT_BY_MS;
  const evidence = [{ name: 'The last day that was cut', value: dayText(newest) }];
  return [{ rule: 'mint-late', subject: 'cut', label: `The cut of ${dayText(newest + 1)}`, since, evidence }];
}

/** Of a day that is given up a person looked at what stopped it. */
async function readStopped(sql: Sql): Promise<MintTrouble[]> {
  const rows = await sql<{ epoch: number; reason: string; chains: number[]; since: Date }[]>`
    select b.epoch, b.reason, array_agg(distinct b.chain::int order by b.chain::int) as chains, min(b.since) as since
    from mint_batches b left join mint_epochs e using (epoch)
    where b.contract = ${presentContract(sql)} and b.state = 'stopped' and e.ended_at is null
      and (e.state is distinct from 'cancelling' or b.kind = 'close' or b.reason = 'other_content') group by b.epoch, b.reason order by b.epoch, b.reason`;
  return rows.map(({ epoch, reason, chains, since }) => ({
    rule: reason === 'other_content' ? 'mint-differs' : 'mint-stopped',
    ...(epoch === 0 ? { subject: 'enrolments', label: 'Enrolments of the mint' } : sweepOf(epoch)),
    since: since.getTime(),
    evidence: [
      { name: 'Why', value: reasonOf({ reason }) },
      { name: 'Chains', value: chains.join(', ') },
    ],
  }));
}

async function readFaults(sql: Sql): Promise<MintTrouble[]> {
  const rows = await sql<{ place: string; code: string; message: string; since: Date }[]>`
    select place, code, message, since from mint_faults order by place`;
  return rows
    .filter(({ code }) => !PASSING.includes(code))
    .map(({ place, code, message, since }) => ({
      rule: DIFFERENCES.has(code) ? 'mint-differs' : 'mint-held-up',
      ...{ subject: place, label: `The mint, ${place}`, since: since.getTime() },
      evidence: [
        { name: 'Fault', value: code },
        { name: 'It says', value: message.slice(0, 500) },
      ],
    }));
}

async function readGas(sql: Sql, now: number): Promise<MintTrouble[]> {
  const accounts = await new GasAccountStore(sql).list();
  return accounts.flatMap(({ chain, account, balance, needed, lowSince, readAt }) => {
    if (lowSince === undefined || now - readAt > GAS_READ_WITHIN_MS) return [];
    const evidence = [
      { name: 'Account', value: account },
      { name: 'It has', value: stoa(balance) },
      { name: `${GAS_DAYS} days need`, value: stoa(needed) },
      { name: 'Missing', value: stoa(needed - balance) },
      { name: 'Read', at: readAt },
    ];
    const label = `Gas of the mint on chain ${chain}`;
    return [
      { rule: 'mint-gas-low', subject: `gas, chain ${chain}`, label, since: lowSince, evidence },
    ] as const;
  });
}

function sweepOf(epoch: number) {
  return { subject: dayText(epoch), label: `The mint of ${dayText(epoch)}` };
}
