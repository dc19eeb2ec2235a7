import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { contractName } from './contract-name.ts';
import type { Fence } from './cut.ts';
import { dayText } from './day.ts';
import type { Epoch } from './epoch-store.ts';
import { MintFault } from './error.ts';
import type { MintTerms } from './signing.ts';

/**
 * Holds slots and days to the contract that they are of. On another one no slot is enrolled and no day is open, whatever the
 * database says: it would mint to registers of nobody.
 */
export class ContractGuard {
  readonly #sql: Sql;
  readonly #name: string;

  constructor({ sql, terms }: { sql: Sql; terms: MintTerms }) {
    this.#sql = sql;
    this.#name = contractName(terms);
  }

  /**
   * The first that leads names the contract. Asked at every turn: another may have been adopted, which deposes whoever leads.
   * @throws MintFault `other_contract`
   */
  async require(fence: Fence, now: number): Promise<void> {
    if ((await this.#present()) === this.#name) return;
    await this.#sql.begin(async (tx) => {
      await fence(tx);
      await this.#nameFirst(tx, now);
    });
    const present = await this.#present();
    if (present === this.#name) return;
    const [day] = await this.#sql<{ epoch: number }[]>`
      select epoch from mint_epochs where ended_at is null order by epoch limit 1`;
    throw new MintFault(
      'other_contract',
      `slots${day === undefined ? '' : ` and the open day ${dayText(day.epoch)}`} are of ${present}; this hub is set to ${this.#name}. Nothing is read, signed or sent: set MINT_CONTRACT and the network back, or have it adopted: stoa-hub mint contract adopt`,
    );
  }

  /** Whether its registers are those that this hub reads. */
  isOf({ contract = this.#name }: Pick<Epoch, 'contract'>): boolean {
    return contract === this.#name;
  }

  /** @throws MintFault `other_contract` */
  requireDay(day: Pick<Epoch, 'epoch' | 'contract'>): void {
    if (this.isOf(day)) return;
    throw new MintFault(
      'other_contract',
      `${dayText(day.epoch)} is of ${day.contract}, and can't be held against ${this.#name}, to which this is set: it takes MINT_CONTRACT, the network and MINT_NODES of then`,
    );
  }

  /** Of the ledger's sums, which are of the present one alone. @throws MintFault `other_contract` */
  async requirePresent(): Promise<void> {
    const present = await this.#present();
    if (present === undefined || present === this.#name) return;
    throw new MintFault(
      'other_contract',
      `registers hold what the ledger redeemed on ${present}; of ${this.#name}, to which this is set, only days can be verified`,
    );
  }

  async #present(): Promise<string | undefined> {
    const [row] = await this.#sql<{ name: string }[]>`select name from mint_contracts where until is null`;
    return row?.name;
  }

  /** The first one may be another while nothing was ever signed; after it a person adopts. */
  async #nameFirst(tx: TransactionSql, now: number): Promise<void> {
    await tx`insert into mint_contracts (id, name, since) select 1, ${this.#name}, ${new Date(now)}
      where not exists (select from mint_contracts)`;
    await tx`update mint_contracts set name = ${this.#name}, since = ${new Date(now)}
      where (select count(*) from mint_contracts) = 1 and not exists (select from mint_attempts)
        and not exists (select from mint_epochs where ended_at is null)`;
  }
}
