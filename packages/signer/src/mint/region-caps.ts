import type { RegionShare } from '#mint/approval.ts';
import type { PlannedEntry } from '#mint/entry.ts';
import { type MintOffice, refuseUnless } from '#mint/rules/rule.ts';

/** Of a node of score 1: 0.001 points a second, in tenths of points. */
const TENTHS_A_DAY = 864;
/** How much more nodes a region may count from one day to the next. */
const GROWTH = 1.1;

interface Shares {
  readonly epoch: number;
  readonly points: number;
  readonly regions: readonly RegionShare[];
}

/**
 * A region gets at most what its active nodes could have earned at the score's cap since it was last paid. Nodes that appear
 * faster than 10 % a day do not count yet: a fleet of inventions has to be kept up for weeks.
 * @returns the shares with the nodes that count: what the next day grows from.
 * @throws SignerError `mint_region_cap`.
 */
export function requireRegionCaps(
  { epoch, points, regions }: Shares,
  { config, state }: MintOffice,
): RegionShare[] {
  const { scoreCap, bankedDays } = config.policy;
  const total = regions.reduce((all, region) => all + region.points, 0);
  refuseUnless(
    total === points,
    'mint_region_cap',
    `the regions have ${total} points together, the plan has ${points}`,
  );
  refuseUnless(
    new Set(regions.map(({ region }) => region)).size === regions.length,
    'mint_region_cap',
    'a region stands in the approvals twice',
  );
  return regions.map(({ region, nodes, points: share }) => {
    const last = lastPaid(region, state.plans.values(), epoch);
    const days = Math.min(bankedDays, last === undefined ? bankedDays : epoch - last.epoch);
    const most = Math.ceil(Math.max(1, last?.nodes ?? 0) * GROWTH ** days);
    const counted = last === undefined ? nodes : Math.min(nodes, most);
    const cap = Math.floor((counted * scoreCap * TENTHS_A_DAY * days) / 10);
    refuseUnless(
      share <= cap,
      'mint_region_cap',
      `region '${region}' has ${share} points for ${nodes} nodes (${counted} counted) and ${days} days, more than ${cap}`,
    );
    return { region, nodes: counted, points: share };
  });
}

/** Nodes that count of a region are those of its newest plan before an epoch. */
export function lastPaid(
  region: string,
  plans: Iterable<PlannedEntry>,
  before: number,
): { readonly epoch: number; readonly nodes: number } | undefined {
  let newest: { epoch: number; nodes: number } | undefined;
  for (const { epoch, regions } of plans) {
    const share = regions.find((each) => each.region === region);
    if (share === undefined || epoch >= before || epoch <= (newest?.epoch ?? -1)) continue;
    newest = { epoch, nodes: share.nodes };
  }
  return newest;
}
