import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { loadText, saveText } from '../region-settings.ts';
import { sharePer10k } from './report.ts';

/**
 * How much of a region one owner may hold before admins are told. It is told, and nothing is cut: what a node earns is the
 * ledger's rule, which anybody recomputes, and knows of no owner.
 */
export interface OwnerCap {
  /** Nodes of one owner; undefined: any number. */
  readonly nodes?: number | undefined;
  /** Of all that is earned in an hour, in percent; undefined: any share. */
  readonly percent?: number | undefined;
}

const SETTING = 'sybil-owner-cap';

export async function loadOwnerCap(sql: Sql): Promise<OwnerCap> {
  const text = await loadText(sql, SETTING);
  return text === undefined ? {} : (JSON.parse(text) as OwnerCap);
}

/** In one with its line in the audit log. */
export async function saveOwnerCap(
  sql: Sql,
  audit: Pick<AuditLog, 'appendIn'>,
  { actor, cap }: { actor: string; cap: OwnerCap },
): Promise<void> {
  await sql.begin(async (tx) => {
    await audit.appendIn(tx, { actor, act: 'sybil.owner-cap', subject: 'region', detail: { ...cap } });
    await saveText(tx, SETTING, JSON.stringify(cap));
  });
}

/** By what of it an owner is above the cap; empty: by nothing. */
export function aboveCap(
  cap: OwnerCap,
  owner: { readonly nodes: number; readonly earned: bigint },
  all: bigint,
): string[] {
  const share = sharePer10k(owner.earned, all) / 100;
  return [
    ...(cap.nodes !== undefined && owner.nodes > cap.nodes ? [`${owner.nodes} nodes of ${cap.nodes}`] : []),
    ...(cap.percent !== undefined && share > cap.percent
      ? [`${share.toFixed(2)} % of what is earned, of ${cap.percent} %`]
      : []),
  ];
}

/** What makes an owner's nodes a cluster that is above it; undefined: nothing does. */
export function aboveAll({
  nodes,
  percent,
}: OwnerCap): { nodes: number; percent?: number | undefined } | undefined {
  if (nodes === undefined && percent === undefined) return undefined;
  return { nodes: nodes === undefined ? Number.MAX_SAFE_INTEGER : nodes + 1, percent };
}
