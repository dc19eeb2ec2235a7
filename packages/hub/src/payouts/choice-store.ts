import type { CryptoSuite } from '@stoa/protocol';
import { toHex } from '@stoa/protocol';
import { accountIdOf } from '@stoa/protocol/stoicism';
import type { PendingQuery, Row } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { noteChange } from './resolver.ts';
import { markUnpaid } from './unpaid.ts';

export { accountIdOf };

/** Whose choice: of all nodes of an owner, or of one node. */
export interface ChoiceScope {
  /** E-mail. */
  readonly owner: string;
  readonly nodeId?: string;
}

export interface Choice {
  /** Undefined: it was taken back. */
  readonly account: string | undefined;
  readonly accountId: string | undefined;
  readonly fromHour: number;
  readonly setBy: string;
  /** Milliseconds since 1970. */
  readonly setAt: number;
}

const SHOWN = 50;

/** Choices of accounts, for good. */
export class ChoiceStore {
  readonly #sql: Sql;
  readonly #crypto: Pick<CryptoSuite, 'hash'>;
  readonly #random: (bytes: number) => Uint8Array;

  constructor(by: { sql: Sql; crypto: Pick<CryptoSuite, 'hash'>; random: (bytes: number) => Uint8Array }) {
    this.#sql = by.sql;
    this.#crypto = by.crypto;
    this.#random = by.random;
  }

  /** @param record puts the act on record, in one with it. */
  async choose(
    scope: ChoiceScope,
    choice: { account: string | undefined; fromHour: number; setBy: string; setAt: number },
    record?: (tx: TransactionSql) => Promise<unknown>,
  ): Promise<void> {
    await this.#sql.begin(async (tx) => {
      await this.#person(tx, scope.owner);
      const accountId = choice.account === undefined ? null : await this.#account(tx, choice.account);
      // Never before the choice before it: a clock that was set back leaves the newest choice the one that holds.
      await tx`insert into payout_choices (owner, node_id, account_id, from_hour, set_by, set_at)
        select ${scope.owner}, ${scope.nodeId ?? null}, ${accountId}, greatest(${choice.fromHour}::int, max(from_hour)),
          ${choice.setBy}, ${new Date(choice.setAt)}
        from payout_choices where ${within(tx, scope)}`;
      await markUnpaid(tx, scope);
      const changed = scope.nodeId === undefined ? { owner: scope.owner } : { nodeId: scope.nodeId };
      await noteChange(tx, { ...changed, fromHour: choice.fromHour });
      await record?.(tx);
    });
  }

  /** The newest first: it holds from its hour on, and the ones behind it until then. */
  async history(scope: ChoiceScope): Promise<Choice[]> {
    const rows = await this.#sql<
      { account: string | null; account_id: string | null; from_hour: number; set_by: string; set_at: Date }[]
    >`select a.account, c.account_id, c.from_hour, c.set_by, c.set_at
      from payout_choices c left join payout_accounts a using (account_id)
      where ${within(this.#sql, scope)}
      order by c.from_hour desc, c.seq desc limit ${SHOWN}`;
    return rows.map((row) => ({
      account: row.account ?? undefined,
      accountId: row.account_id ?? undefined,
      fromHour: row.from_hour,
      setBy: row.set_by,
      setAt: row.set_at.getTime(),
    }));
  }

  async #account(tx: TransactionSql, account: string): Promise<string> {
    const accountId = accountIdOf(account, this.#crypto);
    await tx`insert into payout_accounts (account_id, account) values (${accountId}, ${account}) on conflict do nothing`;
    return accountId;
  }

  async #person(tx: TransactionSql, email: string): Promise<void> {
    await tx`insert into payout_people (email, owner_id) values (${email}, ${toHex(this.#random(16))})
      on conflict (email) do nothing`;
  }
}

/** Written apart: no index serves `is not distinct from`. */
function within(sql: Sql | TransactionSql, { owner, nodeId }: ChoiceScope): PendingQuery<Row[]> {
  return nodeId === undefined
    ? sql`owner = ${owner} and node_id is null`
    : sql`owner = ${owner} and node_id = ${nodeId}`;
}
