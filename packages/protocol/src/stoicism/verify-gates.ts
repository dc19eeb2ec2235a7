import { toHex } from '../bytes.ts';
import { GATES } from '../evidence/receipt.ts';
import type { OpenedReceipt } from '../evidence/settled-receipt.ts';
import type { GateName } from './finding.ts';
import { type Findings, formatMinutes } from './findings.ts';
import { argvFaults, commitmentMet, lateTipMs } from './gates.ts';
import { around, type MinuteLines, type WholeMinute } from './recorded-minutes.ts';
import type { ScoreBreakdown } from './score-breakdown.ts';
import { instanceName } from './verify-documents.ts';
import { type WarmUpState, warmThrough } from './warm-replay.ts';

const CHAINS = 10;
const WARM_UP = GATES.indexOf('warm-up');

export interface GateContext {
  /** Empty where there is none. */
  readonly log: MinuteLines;
  readonly breakdown: ScoreBreakdown | undefined;
  /** As the hour began: from the node's logs of the days before. */
  readonly warmBefore: WarmUpState | undefined;
  /** Who says that he looked at the node's port, and what he saw: hex id and outcome. */
  readonly dialBack:
    | { readonly dialler: string; readonly outcome: string; readonly verified: boolean }
    | undefined;
}

/** true and false: held, failed, by the node's own record. Undefined: it can't tell. */
type Verdict = (minute: WholeMinute) => boolean | undefined;

/**
 * Each gate against what the node recorded. A verdict of the hub is what held at a minute's end, and a change may be a minute
 * on its way: so it is contradicted only where the record says the opposite of the minute, the one before, and the one after,
 * in one unbroken session.
 */
export function verifyGates(opened: OpenedReceipt, by: GateContext, findings: Findings): void {
  const { receipt, instance } = opened;
  const judged = receipt.minutes & ~receipt.gap & ~receipt.unjudged;
  const failed = (gate: number) => (receipt.gateFailures[gate] ?? 0n) & judged;
  const signer = instanceName(instance);
  const verdicts: Partial<Record<GateName, Verdict>> = {
    benchmark: () => receipt.microScore > 0,
    tip: isFresh,
    commitment: (minute) => keepsPromise(minute, by.breakdown),
    argv: (minute) => argvFaults(minute.argv).length === 0,
    serving: (minute) => (minute.chainweb === 'up' ? undefined : false),
  };
  if (by.log.size > 0 && judged !== 0n && recorded(by.log, judged) === 0n)
    findings.missing({
      ...{ subject: 'log', minutes: judged, signer },
      text: 'the record covers none of the minutes that were judged: all of them are the hub’s word alone',
    });
  for (const [gate, name] of GATES.entries()) {
    const verdict = verdicts[name];
    const word = failed(gate);
    if (name === 'account') verifyAccount(opened, word, findings);
    else if (gate === WARM_UP) verifyWarmUp(opened, { judged, word, by }, findings);
    else {
      const compared = compare({ judged, failed: word, log: by.log }, verdict!);
      const told = name === 'benchmark' ? withScore(compared, word, receipt.microScore) : compared;
      const fair = name === 'commitment' ? withoutFirst(told) : told;
      report({ name, signer: signerOf(name, by) ?? signer }, fair, { word, findings });
    }
  }
}

/** A score is one for the hour: that it let the node earn needs no log. */
function withScore(compared: Compared, word: bigint, microScore: number): Compared {
  const plain = microScore > 0 ? compared.unclear & ~word : 0n;
  return { ...compared, agreed: compared.agreed | plain, unclear: compared.unclear & ~plain };
}

/** A score that promises more holds from the full hour on, and nothing is known of it before the next heartbeat. */
function withoutFirst(compared: Compared): Compared {
  const first = compared.invented & 1n;
  return { ...compared, invented: compared.invented & ~first, unclear: compared.unclear | first };
}

/** Those of the minutes that the node's record can speak of. */
function recorded(log: MinuteLines, judged: bigint): bigint {
  let word = 0n;
  for (let minute = 0; minute < 60; minute += 1)
    if (around(log, minute) !== undefined) word |= 1n << BigInt(minute);
  return word & judged;
}

interface Compared {
  readonly invented: bigint;
  readonly waived: bigint;
  readonly agreed: bigint;
  readonly unclear: bigint;
}

function compare(
  { judged, failed, log }: { judged: bigint; failed: bigint; log: MinuteLines },
  verdict: Verdict,
): Compared {
  const result = { invented: 0n, waived: 0n, agreed: 0n, unclear: 0n };
  for (let minute = 0; minute < 60; minute += 1) {
    const bit = 1n << BigInt(minute);
    if ((judged & bit) === 0n) continue;
    const seen = around(log, minute)?.map(verdict) ?? [undefined];
    result[weigh(seen, (failed & bit) !== 0n)] |= bit;
  }
  return result;
}

function weigh(seen: readonly (boolean | undefined)[], failing: boolean): keyof Compared {
  if (seen.includes(undefined)) return 'unclear';
  // At an edge either may be.
  if (!seen.every((held) => held === failing)) return 'agreed';
  return failing ? 'invented' : 'waived';
}

function report(
  { name, signer }: { name: GateName; signer: string },
  { invented, waived, agreed, unclear }: Compared,
  { word, findings }: { word: bigint; findings: Findings },
): void {
  const about = { subject: 'gate' as const, gate: name };
  if (invented !== 0n)
    findings.differs({
      ...{ ...about, fault: 'gate-invented', signer, minutes: invented, expected: 'held', found: 'failed' },
      text: `gate ${name} is said to have failed in minutes ${formatMinutes(invented)}, and the node’s log says that it held`,
    });
  if (waived !== 0n)
    findings.differs({
      ...{ ...about, fault: 'gate-waived', signer, minutes: waived, expected: 'failed', found: 'held' },
      text: `gate ${name} is said to have held in minutes ${formatMinutes(waived)}, and the node’s log says that it failed`,
    });
  if (agreed !== 0n)
    findings.match({
      ...{ ...about, minutes: agreed, found: `failed in ${formatMinutes(word & agreed)}` },
      text: `gate ${name} is as the node’s log has it`,
    });
  if (unclear !== 0n)
    findings.restsOn(signer, {
      ...{ ...about, minutes: unclear, found: `failed in ${formatMinutes(word & unclear)}` },
      text: `gate ${name} in minutes ${formatMinutes(unclear)} rests on the word of ${signer}`,
    });
}

/** Fresh tips may still be those of a fork: where the head was is the hub's word. */
function isFresh({ beatAgeMs, heartbeatMs, tips }: WholeMinute): boolean | undefined {
  const chains = new Set(tips.map(({ chain }) => chain));
  return beatAgeMs > lateTipMs(heartbeatMs) || chains.size < CHAINS ? false : undefined;
}

/** Without the breakdown it is not known what was promised when the score was measured. */
function keepsPromise(
  { diskFreeMb: freeMb, committedGb, driveCommittedGb }: WholeMinute,
  breakdown: ScoreBreakdown | undefined,
): boolean | undefined {
  const promised = Math.max(committedGb, breakdown?.committedGb ?? 0);
  const met = commitmentMet({ freeMb, driveCommittedGb, committedGb: promised });
  return met && breakdown === undefined ? undefined : met;
}

function signerOf(name: GateName, { dialBack }: GateContext): string | undefined {
  return name === 'serving' && dialBack !== undefined ? `node ${dialBack.dialler}` : undefined;
}

/** A change of account holds from the full hour on, and instances hear of it within minutes. */
const ACCOUNT_LAG = (1n << 5n) - 1n;

function verifyAccount({ receipt, root, instance }: OpenedReceipt, word: bigint, findings: Findings): void {
  const barred = receipt.account === '' ? 0n : word & ~ACCOUNT_LAG;
  if (barred !== 0n)
    findings.differs({
      ...{ subject: 'gate', gate: 'account', fault: 'gate-invented', minutes: barred },
      ...{ signer: instanceName(instance), expected: 'held', found: 'failed' },
      text: `gate account is said to have failed in minutes ${formatMinutes(barred)}, and the receipt itself names account ${receipt.account}`,
    });
  findings.restsOn(`region ${root.region}`, {
    ...{ subject: 'gate', gate: 'account', minutes: word },
    found: receipt.account === '' ? 'no account' : `account ${receipt.account}`,
    text:
      receipt.account === ''
        ? 'no payout account was named for the hour, by the word of the region'
        : `that the hour belongs to account ${receipt.account} rests on the word of the region`,
  });
}

function verifyWarmUp(
  { receipt, instance }: OpenedReceipt,
  { judged, word, by }: { judged: bigint; word: bigint; by: GateContext },
  findings: Findings,
): void {
  const signer = instanceName(instance);
  const { log, warmBefore } = by;
  if (log.size === 0 || warmBefore === undefined) {
    findings.restsOn(signer, {
      ...{ subject: 'gate', gate: 'warm-up', minutes: judged, found: `failed in ${formatMinutes(word)}` },
      text: 'how far the warm-up was when the hour began rests on the hub: the node’s logs before it are not here',
    });
    return;
  }
  const tip = receipt.gateFailures[GATES.indexOf('tip')] ?? 0n;
  const { hubHour, gap } = receipt;
  const { warm, settled, cold } = warmThrough(warmBefore, { hubHour, judged, gap, tip, log });
  const agreed = judged & ((word & cold) | (~word & warm));
  const invented = word & settled;
  const waived = judged & ~word & cold;
  report(
    { name: 'warm-up', signer },
    { invented, waived, agreed, unclear: judged & ~(invented | waived | agreed) },
    { word, findings },
  );
}

/** The look that a receipt names, for `GateContext`. */
export function dialBackOf(report: { dialler: Uint8Array; outcome: string }, verified: boolean) {
  return { dialler: toHex(report.dialler), outcome: report.outcome, verified };
}
