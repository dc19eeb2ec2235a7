import { type LedgerMode, ProtocolError, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type EvidenceFile,
  type EvidenceHour,
  type Finding,
  formatPoints,
  type HourReport,
  newestReceipt,
  verifyEvidence,
} from '@stoa/protocol/stoicism';
import { type HourAmounts, hourKey, type RegionLedger, refused } from '#mint/approver/region-ledger.ts';

/** What has to be there and hold of an hour that was paid: signatures of node and region, and the arithmetic between. */
const NEEDED: readonly Finding['subject'][] = ['checkpoint', 'settled', 'minutes', 'score', 'points'];

export interface RegionTrusted {
  readonly region: string;
  /** `hash` of the region's offline root key. */
  readonly rootFingerprint: Uint8Array;
  /** `shadow` is TEST, without value. */
  readonly mode: LedgerMode;
  /** Roots that the region shows everybody: `signedReceiptRoot`, encoded. */
  readonly published: readonly Uint8Array[];
}

/**
 * Holds what a ledger says of each node's hour against the evidence: the node's own signed checkpoint, the region's signed
 * receipt, the breakdown of the score. Hours that were borne out before and did not change are not looked at again.
 * @returns how many nodes earned in the last month before `until`, an hour.
 * @throws SignerError `mint_evidence`, naming account and hour.
 */
export async function bearOut(
  ledger: RegionLedger,
  files: AsyncIterable<EvidenceFile>,
  by: RegionTrusted & { readonly until: number },
): Promise<number> {
  const left = ledger.unseenHours();
  for await (const file of files) bearOutNode(left, { file, ledger }, by);
  for (const [key, amounts] of left)
    if (isPaid(amounts)) throw refused(`${told(key, amounts)}, and no evidence of that hour is here`);
  const month = by.until - 30 * 24;
  const active = new Set<string>();
  for (const [key, amounts] of ledger.hours) {
    const [node, hour] = key.split(' ') as [string, string];
    if (Number(hour) >= month && isPaid(amounts)) active.add(node);
  }
  return active.size;
}

function bearOutNode(
  left: Map<string, HourAmounts>,
  { file, ledger }: { file: EvidenceFile; ledger: RegionLedger },
  { region, rootFingerprint, published, mode }: RegionTrusted,
): void {
  const node = toHex(file.nodeId);
  if (file.region !== region)
    throw refused(`the evidence of node ${node} is of region '${file.region}', not '${region}'`);
  const hours = new Map(file.hours.map((hour) => [hour.hubHour, hour]));
  try {
    for (const report of verifyEvidence(file, { rootFingerprint, published }, nodeCrypto)) {
      // A published root brings a report of its hour, and nothing of this node.
      const hour = hours.get(report.hubHour);
      if (hour === undefined) continue;
      const key = hourKey(node, report.hubHour);
      requireHour({ key, amounts: left.get(key) ?? new Map(), report, hour }, { mode, reset: ledger.reset });
      left.delete(key);
    }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw refused(`the evidence of node ${node} does not open: ${cause.message}`, cause);
  }
}

interface Held {
  readonly key: string;
  readonly amounts: HourAmounts;
  readonly report: HourReport;
  readonly hour: EvidenceHour;
}

function requireHour(
  { key, amounts, report, hour }: Held,
  { mode, reset }: { readonly mode: LedgerMode; readonly reset: number },
): void {
  if (!isPaid(amounts)) return;
  const fault = report.findings.find(({ what }) => what === 'differs');
  if (fault !== undefined) throw refused(`${told(key, amounts)}: ${fault.text} (${fault.fault})`);
  const absent = NEEDED.find(
    (subject) => !report.findings.some((each) => each.what === 'match' && each.subject === subject),
  );
  if (absent !== undefined) throw refused(`${told(key, amounts)}, and its ${absent} could not be verified`);
  const receipt = newestReceipt(hour)!;
  if (receipt.mode !== mode)
    throw refused(`${told(key, amounts)}; its receipt is of a ledger that is ${receipt.mode}, not ${mode}`);
  if (receipt.resetSequence !== reset)
    throw refused(
      `${told(key, amounts)}; its receipt is of a ledger that was reset at ${receipt.resetSequence}, not ${reset}`,
    );
  const said: HourAmounts = new Map();
  const add = (account: string, now: bigint, later: bigint): void => {
    const amount = said.get(account) ?? { now: 0n, later: 0n };
    said.set(account, { now: amount.now + now, later: amount.later + later });
  };
  add(receipt.account, receipt.points, receipt.pendingPoints);
  if (receipt.fee !== undefined) add(receipt.fee.account, receipt.fee.points, receipt.fee.pendingPoints);
  for (const [account, { now, later }] of amounts) {
    const { now: paid, later: waiting } = said.get(account) ?? { now: 0n, later: 0n };
    if (now !== paid || later !== waiting)
      throw refused(
        `${told(key, new Map([[account, { now, later }]]))}; the receipt that node and region signed has ${formatPoints(paid)} and ${formatPoints(waiting)} pending for it`,
      );
  }
}

function isPaid(amounts: HourAmounts): boolean {
  return [...amounts.values()].some(({ now, later }) => now !== 0n || later !== 0n);
}

function told(key: string, amounts: HourAmounts): string {
  const [node, hour] = key.split(' ') as [string, string];
  const parts = [...amounts].map(
    ([account, { now, later }]) =>
      `account ${account} has ${formatPoints(now)} points and ${formatPoints(later)} pending`,
  );
  return `in hour ${new Date(Number(hour) * 3_600_000).toISOString().slice(0, 13)} of node ${node} ${parts.join(', ')}`;
}
