import type { Balances } from './balances.ts';
import { claimsOf, differenceOf, revisionAfter, type Written } from './entitlement.ts';
import { type EventDraft, NO_BASIS } from './event.ts';
import type { NodeHourWords, Payee, Score } from './sources.ts';

/** A later word that is shown and not paid. */
export interface Refusal {
  readonly nodeId: string;
  /** The hour's time is over; or it would take back what is banked. */
  readonly reason: 'late' | 'less';
  /** What it would have given; below 0, what it would have taken from those who were paid. */
  readonly amount: bigint;
  readonly ownerId: string | undefined;
}

/** What is known while an hour is settled. */
export interface Facts {
  readonly scored: ReadonlyMap<string, Score>;
  readonly paid: ReadonlyMap<string, Payee>;
  readonly written: ReadonlyMap<string, readonly Written[]>;
  /** What waits, of the nodes that are warm. Moved along. */
  readonly held: Balances;
  /** Revision that is written at least: 0 while the hour is closed for the first time, then 1. */
  readonly least: number;
  /** Words are still taken. */
  readonly open: boolean;
}

export interface Settlement {
  readonly drafts: EventDraft[];
  readonly refusals: Refusal[];
}

/** What of these nodes' hour is still to be written, and what can't be any more. */
export function settle(nodes: readonly NodeHourWords[], facts: Facts): Settlement {
  const into: Settlement = { drafts: [], refusals: [] };
  for (const node of nodes) {
    const score = facts.scored.get(node.nodeId);
    const payee = facts.paid.get(node.nodeId);
    // Of whom nothing is known now, nothing is written and nothing taken back.
    if (score === undefined || payee === undefined) continue;
    earn(into, { node, score, payee }, facts);
    if (facts.open && node.paid !== 0n) into.drafts.push(...mature(node, payee, facts));
  }
  return into;
}

function earn(
  { drafts, refusals }: Settlement,
  { node, score, payee }: { node: NodeHourWords; score: Score; payee: Payee },
  { written, held, least, open }: Facts,
): void {
  const { nodeId } = node;
  const claims = claimsOf(node, score, payee);
  const difference = differenceOf(node, { claims, written: written.get(nodeId) ?? [], least });
  const { ownerId } = payee;
  if (difference.kind === 'none') return;
  if (difference.kind === 'less')
    refusals.push({ nodeId, ownerId, reason: 'less', amount: difference.amount });
  else if (open) {
    for (const draft of difference.drafts) held.apply(draft);
    drafts.push(...difference.drafts);
  } else refusals.push({ nodeId, ownerId, reason: 'late', amount: difference.amount });
}

/** A minute without a failed gate says that the warm-up is over: what waited for that goes to whom it was earned for. */
function mature(
  { nodeId, hubHour }: NodeHourWords,
  { accountId: own, ownerId, tunnel }: Payee,
  { written, held, least }: Facts,
): EventDraft[] {
  const revision = revisionAfter(written.get(nodeId) ?? [], least);
  const owners = new Map([...(tunnel ? [[tunnel.accountId, tunnel.ownerId] as const] : []), [own, ownerId]]);
  return [...held.pendingOf(nodeId)]
    .filter(([, amount]) => amount !== 0n)
    .map(([accountId, amount]) => ({
      ...{ kind: 'matured', hour: hubHour, revision, nodeId, accountId, ref: '', amount, basis: NO_BASIS },
      ownerId: owners.get(accountId),
    }));
}
