import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { hubHourOf } from '../hub-hour.ts';
import { noteChange } from './resolver.ts';
import { markUnpaid } from './unpaid.ts';

/** Keeps who owned which node in which hour, in one with the change itself. */
export async function recordOwnerChange(
  tx: TransactionSql,
  change: {
    readonly nodeIds: readonly string[];
    readonly fromOwner: string;
    readonly toOwner: string;
    /** The full hour from which on it holds; milliseconds since 1970. */
    readonly effectiveAt: number;
  },
): Promise<void> {
  const { nodeIds, fromOwner, toOwner } = change;
  if (nodeIds.length === 0) return;
  const fromHour = hubHourOf(change.effectiveAt);
  await tx`insert into node_owner_changes (node_id, from_owner, to_owner, from_hour)
    select unnest(${[...nodeIds]}::text[]), ${fromOwner}, ${toOwner}, ${fromHour}`;
  // What the giver agreed with the owner of a tunnel binds the receiver to nothing.
  await tx`update payout_tunnels set ended_at = ${new Date(change.effectiveAt)}, ended_by = ${toOwner}, until_hour = ${fromHour}
    where node_id = any(${[...nodeIds]}::text[]) and ended_at is null`;
  await markUnpaid(tx, { nodeIds });
  // All that the receiver has, and thereby these.
  await noteChange(tx, { owner: toOwner, fromHour });
}

/** From which hour on a node is its owner's, as of an hour: what it earned before is somebody else's to know. */
export async function ownedSince(sql: Sql, nodeId: string, hubHour: number): Promise<number> {
  const [row] = await sql<{ hour: number }[]>`select coalesce(max(from_hour), 0) as hour
    from node_owner_changes where node_id = ${nodeId} and from_hour <= ${hubHour}`;
  return row!.hour;
}
