import { equalBytes, toHex } from '../bytes.ts';
import type { OpenedReceipt } from '../evidence/settled-receipt.ts';
import { type Findings, formatMinutes } from './findings.ts';
import { formatPoints } from './points.ts';
import { settledPoints, settledWords, statedPoints } from './settled-hour.ts';
import { instanceName, type OpenedHour } from './verify-documents.ts';

/**
 * Which minutes count, by the words that both sides signed. What the node alone says accuses nobody: a minute was dropped only
 * where the hub's own receipt has it, and one was added only to the very checkpoint that the hub answered or closed by.
 */
export function verifyMinutes(hour: OpenedHour, opened: OpenedReceipt, findings: Findings): void {
  const { checkpoint, receipt } = hour;
  const { receipt: settled, instance } = opened;
  const signer = instanceName(instance);
  const told = checkpoint?.minutes ?? receipt?.minutes;
  if (told === undefined)
    findings.restsOn(signer, {
      ...{ subject: 'minutes', minutes: settled.minutes, found: formatMinutes(settled.minutes) },
      text: 'which minutes count rests on the hub: the node’s own word is not here',
    });
  else compareMinutes(hour, { told, opened, isBasis: isBasis(hour, opened, findings) }, findings);
  const unjudged = settled.unjudged & settled.minutes;
  if (unjudged !== 0n)
    findings.missing({
      ...{ subject: 'minutes', minutes: unjudged, found: formatMinutes(unjudged), signer },
      text: `minutes ${formatMinutes(unjudged)} were judged by no gate and are not paid, by the hub’s word alone`,
    });
}

function compareMinutes(
  { checkpoint, receipt }: OpenedHour,
  { told, opened, isBasis }: { told: bigint; opened: OpenedReceipt; isBasis: boolean },
  findings: Findings,
): void {
  const { receipt: settled, instance } = opened;
  const signer = instanceName(instance);
  const node = `node ${toHex(settled.nodeId)}`;
  const compared = { expected: formatMinutes(told), found: formatMinutes(settled.minutes) };
  const dropped = (receipt?.minutes ?? 0n) & ~settled.minutes;
  const claimed = told & ~settled.minutes & ~dropped;
  const added = settled.minutes & ~settled.gap & ~(told | (isBasis ? 0n : (receipt?.minutes ?? 0n)));
  if (dropped !== 0n)
    findings.differs({
      ...{ ...compared, subject: 'minutes', fault: 'minute-dropped', minutes: dropped, signer },
      text: `minutes ${formatMinutes(dropped)} were acknowledged by the hub’s own receipt and do not count`,
    });
  if (claimed !== 0n)
    findings.restsOn(node, {
      ...{ ...compared, subject: 'minutes', minutes: claimed },
      text: `that minutes ${formatMinutes(claimed)} were acknowledged rests on the node: no receipt of the hub has them, and they do not count`,
    });
  if (added !== 0n && (isBasis || checkpoint === undefined))
    findings.differs({
      ...{ ...compared, subject: 'minutes', fault: 'minute-added', minutes: added, signer },
      text: `minutes ${formatMinutes(added)} count, and the node did not sign them`,
    });
  else if (added !== 0n)
    findings.restsOn(signer, {
      ...{ ...compared, subject: 'minutes', minutes: added },
      text: `minutes ${formatMinutes(added)} count by another checkpoint of the node than this one`,
    });
  const agreed = settled.minutes & told;
  if ((dropped | claimed | added) === 0n)
    findings.match({
      ...compared,
      ...{ subject: 'minutes', minutes: agreed, text: 'both sides signed the same minutes' },
    });
}

/** Whether the hub took this checkpoint, by its own word: only then does what stands in it bind the hub. */
function isBasis(
  { checkpoint, answered, hash }: OpenedHour,
  { receipt, instance }: OpenedReceipt,
  findings: Findings,
): boolean {
  if (checkpoint === undefined || hash === undefined) return answered;
  if (receipt.checkpoint !== undefined && equalBytes(hash, receipt.checkpoint)) return true;
  if (receipt.checkpoint === undefined) return answered;
  const [expected, found] = [toHex(hash), toHex(receipt.checkpoint)];
  if (answered)
    findings.differs({
      ...{ subject: 'settled', fault: 'forged', signer: instanceName(instance), expected, found },
      text: 'the hour was closed by another checkpoint than the one that the hub answered',
    });
  else
    findings.missing({
      ...{ subject: 'checkpoint', expected, found },
      text: 'the hour was closed by another checkpoint than this one, and no receipt of the hub has this one',
    });
  return answered;
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
  const stamp = receipt.mode === 'shadow' ? ': TEST, without value on chain' : '';
  if (expected === found)
    findings.match({ ...compared, text: `the points are the minutes times the score${stamp}` });
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
