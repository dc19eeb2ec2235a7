import type { Sql } from '#seams/db-adapter/index.ts';
import { loadNumber, saveNumber } from '../region-settings.ts';

/** What the region allows of work that changes nodes. */
export interface WorkLimits {
  /** A submit to more nodes takes a second approver. */
  readonly approvalAbove: number;
  /** Share of a kind, an owner and a site that may be in flight, or begin within a minute (F31). */
  readonly share: number;
}

export const DEFAULT_LIMITS: WorkLimits = { approvalAbove: 1_000, share: 0.05 };

const APPROVAL_ABOVE = 'jobs-approval-above';
const SHARE = 'jobs-share';

export async function loadWorkLimits(sql: Sql): Promise<WorkLimits> {
  const [approvalAbove, share] = await Promise.all([loadNumber(sql, APPROVAL_ABOVE), loadNumber(sql, SHARE)]);
  return {
    approvalAbove: approvalAbove ?? DEFAULT_LIMITS.approvalAbove,
    share: share ?? DEFAULT_LIMITS.share,
  };
}

export async function saveWorkLimits(sql: Sql, limits: WorkLimits): Promise<void> {
  await saveNumber(sql, APPROVAL_ABOVE, limits.approvalAbove);
  await saveNumber(sql, SHARE, limits.share);
}
