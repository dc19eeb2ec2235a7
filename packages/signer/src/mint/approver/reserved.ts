import { POINT } from '@stoa/protocol/stoicism';
import { type ApprovedCut, type RegionLedger, refused } from '#mint/approver/region-ledger.ts';

/**
 * What was approved may be minted, so it must have left Current before anything else is approved: else it is minted again with
 * the next plan. A hub reserves in one with the cut, right behind it.
 * @returns what is for people: no ledger says whether a plan was minted for which nothing is reserved, or what became of a later
 * cut.
 * @throws SignerError `mint_evidence`, naming the account, where other amounts were reserved than were approved.
 */
export function requireReserved(
  { reserved, sequence }: Pick<RegionLedger, 'reserved' | 'sequence'>,
  approved: ApprovedCut,
  asked: Required<ApprovedCut>,
): string[] {
  const { mint } = approved;
  if (sequence < approved.sequence)
    return [
      `the cut at event ${sequence} is of before event ${approved.sequence}, where the last approved one is: what was approved since may hold the same points`,
    ];
  if (mint === undefined || isSame(approved, asked)) return [];
  const { epoch, points } = mint;
  const [first] = points;
  if (first !== undefined && reserved.size === 0)
    return [
      `epoch ${epoch} was approved with ${first[1]} points of account ${first[0]}${points.size > 1 ? ` and those of ${points.size - 1} others` : ''}, and nothing was reserved for it since: whether it was ever cut and minted the chains say`,
    ];
  for (const account of new Set([...points.keys(), ...reserved.keys()])) {
    const [promised, units] = [points.get(account) ?? 0, reserved.get(account) ?? 0n];
    if (units !== BigInt(promised) * POINT)
      throw refused(
        `of account ${account} ${promised} points were approved for epoch ${epoch}, and ${units} units are reserved: ${BigInt(promised) * POINT} are expected`,
      );
  }
  return [];
}

/** The last one is asked for again: what it reserves is still to come. */
function isSame(approved: ApprovedCut, asked: Required<ApprovedCut>): boolean {
  const { sequence, mint } = approved;
  if (sequence !== asked.sequence || mint?.epoch !== asked.mint.epoch) return false;
  const { points } = asked.mint;
  return (
    points.size === mint.points.size &&
    [...points].every(([account, each]) => mint.points.get(account) === each)
  );
}
