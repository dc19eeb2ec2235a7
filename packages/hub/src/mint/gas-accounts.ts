import { MINT_CHAINS, MINT_LIMITS, type MintLimits } from '@stoa/protocol/mint';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { ChainView } from './chain-view.ts';
import { presentContract } from './contract-name.ts';
import { balanceCode, balanceOf } from './register-reads.ts';
import type { MintTerms } from './signing.ts';

/** For which what accounts hold should be enough: people have a week to top them up. */
export const GAS_DAYS = 7;
const DAY_MS = 24 * 3_600_000;

/** Who pays for gas on a chain. STOA; instants in milliseconds since 1970. */
export interface GasAccount {
  readonly chain: number;
  readonly account: string;
  readonly balance: number;
  /** For `GAS_DAYS` at the price of now. */
  readonly needed: number;
  /** Undefined where it has enough. */
  readonly lowSince: number | undefined;
  readonly readAt: number;
}

interface Row {
  chain: number;
  account: string;
  balance: string;
  needed: string;
  low_since: Date | null;
  read_at: Date;
}

/** What was read last: by whoever leads, for whoever shows or pages. */
export class GasAccountStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(): Promise<GasAccount[]> {
    const rows = await this.#sql<Row[]>`
      select chain, account, balance::text as balance, needed::text as needed, low_since, read_at
      from mint_gas_accounts order by chain`;
    return rows.map(({ chain, account, balance, needed, low_since, read_at }) => ({
      ...{ chain, account, balance: Number(balance), needed: Number(needed) },
      ...{ lowSince: low_since?.getTime(), readAt: read_at.getTime() },
    }));
  }

  /** By chain, gas that the dearest of the last days could take, or what is planned and not signed, where that is more. */
  async dearestDay(now: number): Promise<ReadonlyMap<number, number>> {
    const rows = await this.#sql<{ chain: number; gas: number }[]>`
      select chain, max(gas)::float8 as gas from (
        select chain, sum(gas_limit) as gas from mint_attempts where signed_at > ${new Date(now - GAS_DAYS * DAY_MS)}
          group by chain, date_trunc('day', signed_at, 'UTC')
        union all
        select chain, sum(gas_limit) from mint_batches b left join mint_epochs e using (epoch)
          where b.contract = ${presentContract(this.#sql)} and b.state = 'planned' and e.ended_at is null group by chain) days
      group by chain`;
    return new Map(rows.map(({ chain, gas }) => [chain, gas]));
  }

  async keep({ chain, account, balance, needed, readAt }: Omit<GasAccount, 'lowSince'>): Promise<void> {
    const at = new Date(readAt);
    await this.#sql`insert into mint_gas_accounts as g (chain, account, balance, needed, low_since, read_at)
      values (${chain}, ${account}, ${stoa(balance)}::text::numeric, ${stoa(needed)}::text::numeric,
        ${balance < needed ? at : null}, ${at})
      on conflict (chain) do update set account = excluded.account, balance = excluded.balance,
        needed = excluded.needed, read_at = excluded.read_at,
        low_since = case when excluded.low_since is not null then coalesce(g.low_since, excluded.low_since) end`;
  }
}

/** Twelve places are all there are. */
function stoa(amount: number): string {
  return amount.toFixed(12);
}

export interface GasWatchDeps {
  readonly accounts: GasAccountStore;
  readonly view: Pick<ChainView, 'reached'>;
  readonly terms: Pick<MintTerms, 'sender' | 'gasPrice'>;
  readonly limits?: MintLimits;
  readonly clock: Pick<Clock, 'now'>;
}

/** Reads what pays for gas on each chain, long before it stops anything. */
export class GasWatch {
  readonly #deps: GasWatchDeps;

  constructor(deps: GasWatchDeps) {
    this.#deps = deps;
  }

  /** One chain that says nothing leaves the others known. @throws MintFault of the first of those */
  async look(): Promise<void> {
    const { accounts, clock } = this.#deps;
    const days = await accounts.dearestDay(clock.now());
    const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => this.#read(chain, days.get(chain) ?? 0));
    const failed = (await Promise.allSettled(chains)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Never less than one transaction may ask for at once: nodes take none whose whole limit is not there. */
  async #read(chain: number, day: number): Promise<void> {
    const { accounts, view, terms, limits = MINT_LIMITS, clock } = this.#deps;
    const { sender: account, gasPrice } = terms;
    const balance = await view.reached(chain, balanceCode(account), ({ data }) => balanceOf(data));
    const needed = Math.max(GAS_DAYS * day, limits.gasLimit) * gasPrice;
    await accounts.keep({ chain, account, balance, needed, readAt: clock.now() });
  }
}

/** What is missing and where, in words; undefined where it has enough. */
export function lackOf({ chain, account, balance, needed }: GasAccount): string | undefined {
  if (balance >= needed) return undefined;
  const [has, need, missing] = [balance, needed, needed - balance].map((amount) => amount.toFixed(4));
  return `chain ${chain}: ${account} has ${has} STOA for gas, ${GAS_DAYS} days need ${need}: ${missing} are missing`;
}
