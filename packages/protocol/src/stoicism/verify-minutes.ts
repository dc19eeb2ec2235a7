import { toHex } from '../bytes.ts';
import type { Signatures } from '../crypto/suite.ts';
import type { OpenedReceipt } from '../evidence/settled-receipt.ts';
import { type Findings, formatMinutes } from './findings.ts';
import { formatPoints } from './points.ts';
import { settledPoints, settledWords, statedPoints } from './settled-hour.ts';
import { instanceName, type OpenedHour } from './verify-documents.ts';

/** Which minutes count, by the words that both sides signed. */
export function verifyMinutes(
  { checkpoint, receipt }: OpenedHour,
  { receipt: settled, instance }: OpenedReceipt,
  findings: Findings,
): void {
  const signer = instanceName(instance);
  const told = checkpoint?.minutes ?? receipt?.minutes;
  if (told === undefined) {
    findings.restsOn(signer, {
      ...{ subject: 'minutes', minutes: settled.minutes, found: formatMinutes(settled.minutes) },
      text: 'which minutes count rests on the hub: the node’s own word is not here',
    });
    return;
  }
  const dropped = (told | (receipt?.minutes ?? 0n)) & ~settled.minutes;
  const added = settled.minutes & ~settled.gap & ~told;
  const compared = { expected: formatMinutes(told), found: formatMinutes(settled.minutes) };
  if (dropped !== 0n)
    findings.differs({
      ...{ ...compared, subject: 'minutes', fault: 'minute-dropped', minutes: dropped, signer },
      text: `minutes ${formatMinutes(dropped)} were acknowledged to the node and do not count`,
    });
  if (added !== 0n)
    findings.differs({
      ...{ ...compared, subject: 'minutes', fault: 'minute-added', minutes: added, signer },
      text: `minutes ${formatMinutes(added)} count, and the node did not sign them`,
    });
  if (dropped === 0n && added === 0n)
    findings.match({
      ...compared,
      subject: 'minutes',
      minutes: settled.minutes,
      text: 'both sides signed the same minutes',
    });
  if (settled.gap !== 0n)
    findings.restsOn(signer, {
      ...{ subject: 'minutes', minutes: settled.gap, found: formatMinutes(settled.gap) },
      text: `minutes ${formatMinutes(settled.gap)} are a gap that the hub declared about itself`,
    });
  if (settled.unjudged !== 0n)
    findings.restsOn(signer, {
      ...{ subject: 'minutes', minutes: settled.unjudged, found: formatMinutes(settled.unjudged) },
      text: `minutes ${formatMinutes(settled.unjudged)} were not judged by any gate, and are not paid`,
    });
}

/** The hour was closed by the checkpoint that the node sent. */
export function verifyBasis(
  sealed: Uint8Array | undefined,
  { receipt, instance }: OpenedReceipt,
  { crypto, findings }: { crypto: Signatures; findings: Findings },
): void {
  if (sealed === undefined || receipt.checkpoint === undefined) return;
  const [expected, found] = [toHex(crypto.hash(sealed)), toHex(receipt.checkpoint)];
  if (expected !== found)
    findings.differs({
      ...{ subject: 'settled', fault: 'forged', signer: instanceName(instance), expected, found },
      text: 'the hour was closed by another checkpoint than this one',
    });
}

/** What was paid is the product of minutes and score, less the fee. */
export function verifyPoints({ receipt, instance }: OpenedReceipt, findings: Findings): void {
  const [expected, found] = [settledPoints(receipt), statedPoints(receipt)].map((points) =>
    [
      `${formatPoints(points.points)} paid`,
      `${formatPoints(points.pendingPoints)} pending`,
      `${formatPoints(points.feePoints)} and ${formatPoints(points.pendingFeePoints)} in fees`,
    ].join(', '),
  ) as [string, string];
  const { paid, pending } = settledWords(receipt);
  const minutes = paid | pending;
  const compared = { subject: 'points' as const, expected, found, minutes };
  if (expected === found) findings.match({ ...compared, text: 'the points are the minutes times the score' });
  else
    findings.differs({
      ...{ ...compared, fault: 'points-wrong', signer: instanceName(instance) },
      text: 'the points are not the minutes times the score',
    });
}

/** A later word may add to an hour: what is banked is never taken back. */
export function verifyRevisions(settled: readonly OpenedReceipt[], findings: Findings): void {
  for (const [i, later] of settled.entries()) {
    const before = settled[i - 1];
    if (before === undefined) continue;
    const [had, has] = [byAccount(before), byAccount(later)];
    const loses = [...had].find(([account, sum]) => (has.get(account) ?? 0n) < sum);
    const twice = before.receipt.revision === later.receipt.revision;
    if (!twice && loses === undefined) continue;
    findings.differs({
      ...{ subject: 'settled', fault: 'revision-wrong', signer: instanceName(later.instance) },
      expected: twice
        ? 'one receipt for each revision'
        : `${formatPoints(loses![1])} or more for ${loses![0]}`,
      found: twice
        ? `two of revision ${later.receipt.revision}`
        : `${formatPoints(has.get(loses![0]) ?? 0n)} by revision ${later.receipt.revision}`,
      text: twice ? 'two receipts have one number' : 'a later revision took back what was paid',
    });
  }
}

function byAccount({ receipt }: OpenedReceipt): Map<string, bigint> {
  const { account, points, pendingPoints, fee } = receipt;
  const sums = new Map([[account, points + pendingPoints]]);
  if (fee !== undefined)
    sums.set(fee.account, (sums.get(fee.account) ?? 0n) + fee.points + fee.pendingPoints);
  return sums;
}
