import type { CommandSetting } from '@stoa/protocol/mint';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/** Which registers slots and days are of: an upgrade of the module leaves them where they are. */
export function contractName({
  networkId,
  namespace,
  module,
}: Pick<CommandSetting, 'networkId' | 'namespace' | 'module'>): string {
  return `${networkId} ${namespace}.${module}`;
}

/** Part of a statement: the number of the contract whose registers are written now. */
export function presentContract(sql: Sql | TransactionSql) {
  return sql`(select coalesce(max(id), 1) from mint_contracts where until is null)`;
}
