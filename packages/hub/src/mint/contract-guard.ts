import type { Sql } from '#seams/db-adapter/index.ts';
import type { Fence } from './cut.ts';
import { dayText } from './day.ts';
import { MintFault } from './error.ts';
import type { MintTerms } from './signing.ts';

/** Which registers slots and days are of: an upgrade of the module leaves them where they are. */
export function contractName({
  networkId,
  namespace,
  module,
}: Pick<MintTerms, 'networkId' | 'namespace' | 'module'>): string {
  return `${networkId} ${namespace}.${module}`;
}

/**
 * Holds slots and days to the contract that they are of. On another one no slot is enrolled and no day is open, whatever the
 * database says: it would mint to registers of nobody.
 */
export class ContractGuard {
  readonly #sql: Sql;
  readonly #name: string;
  #isBound = false;

  constructor({ sql, terms }: { sql: Sql; terms: MintTerms }) {
    this.#sql = sql;
    this.#name = contractName(terms);
  }

  /** The first that leads names the contract; what was there before is of that one. @throws MintFault `other_contract` */
  async require(fence: Fence, now: number): Promise<void> {
    if (this.#isBound) return;
    await this.#sql.begin(async (tx) => {
      await fence(tx);
      // Of what nothing was ever signed any contract may be named.
      await tx`insert into mint_contracts as c (name, since) values (${this.#name}, ${new Date(now)})
        on conflict (id) do update set name = excluded.name, since = excluded.since
        where c.name <> excluded.name and not exists (select from mint_attempts)
          and not exists (select from mint_epochs where ended_at is null)`;
      const [bound] = await tx<{ name: string }[]>`select name from mint_contracts`;
      if (bound!.name === this.#name) return;
      const [day] = await tx<{ epoch: number }[]>`
        select epoch from mint_epochs where ended_at is null order by epoch limit 1`;
      throw new MintFault(
        'other_contract',
        `slots${day === undefined ? '' : ` and the open day ${dayText(day.epoch)}`} are of ${bound!.name}; this hub is set to ${this.#name}. Nothing is read, signed or sent: set MINT_CONTRACT and the network back`,
      );
    });
    this.#isBound = true;
  }
}
