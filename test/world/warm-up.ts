import type { DbAdapter } from '@stoa/hub';
import { WARM_UP_MINUTES } from '@stoa/protocol/stoicism';

/** One in so many is still in its warm-up, and comes to its end within so many minutes. */
const WARMING = 20;
const LEFT_MINUTES = 180;

/**
 * The warm-up of nodes that a hub has judged since yesterday, as it stores it: most have theirs behind them. A hub that comes
 * back goes on from there, by its own rule of minutes that nobody saw.
 */
export async function storeWarmUps(
  { sql }: Pick<DbAdapter, 'sql'>,
  nodeIds: readonly string[],
  now: number,
): Promise<void> {
  const minutes = nodeIds.map((_, i) =>
    i % WARMING === WARMING - 1 ? WARM_UP_MINUTES - 30 - ((i * 7) % LEFT_MINUTES) : WARM_UP_MINUTES,
  );
  await sql`insert into gate_states (node_id, minute, reasons, warm_minutes, off_minutes, credited_at, credited)
    select node_id, ${Math.floor(now / 60_000) - 1}, 0, minutes, 0, 0, 0
    from unnest(${[...nodeIds]}::text[], ${minutes}::int[]) as n (node_id, minutes)`;
}
