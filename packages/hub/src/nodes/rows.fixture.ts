import { createHash } from 'node:crypto';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { StateFacts } from './state.ts';

export interface SeededNode {
  readonly nodeId: string;
  readonly label: string;
  readonly facts: StateFacts;
}

export function nodeIdOf(seed: string | number): string {
  return createHash('sha256').update(`${seed}`).digest('hex');
}

/** Writes nodes with exactly these facts. */
export async function insertNodes(sql: Sql, nodes: readonly SeededNode[]): Promise<void> {
  const instant = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  if (nodes.length === 0) return;
  await sql`insert into nodes ${sql(
    nodes.map(({ nodeId, label, facts }) => ({
      node_id: nodeId,
      label,
      owner: 'owner@stoa.example',
      region: 'eu',
      public_key: Buffer.from([0]),
      node_cert: Buffer.from([0]),
      created_at: new Date(facts.createdAt),
      retired_at: instant(facts.retiredAt),
      refused_at: instant(facts.refusedAt),
      quarantined_at: instant(facts.quarantinedAt),
      quarantine_reason: facts.quarantineReason ?? null,
      disputed_at: instant(facts.disputedAt),
    })),
  )}`;
  const heard = nodes.filter(({ facts }) => facts.lastSeen !== undefined);
  if (heard.length === 0) return;
  await sql`insert into node_status ${sql(
    heard.map(({ nodeId, facts }) => ({
      node_id: nodeId,
      epoch: '1',
      last_seen: instant(facts.lastSeen),
      tips: Buffer.alloc(400),
      lag: facts.lag ?? null,
      forked: facts.forked,
      chainweb: facts.chainweb,
      at_tip_at: instant(facts.atTipAt),
    })),
  )}`;
}
