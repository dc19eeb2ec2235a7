import { toHex } from '../bytes.ts';
import type { OpenedReceipt } from '../evidence/settled-receipt.ts';
import type { Benchmark } from './benchmark-report.ts';
import type { DocumentIndex } from './document-index.ts';
import type { Findings } from './findings.ts';
import { type Baselines, PART_NAMES, type PartName } from './parts.ts';
import { formatScore, type Measure } from './score.ts';
import { readBreakdown, recomputed, type ScoreBreakdown } from './score-breakdown.ts';
import { ScoreError } from './score-error.ts';
import { instanceName } from './verify-documents.ts';

export interface ScoreContext {
  /** Among which the breakdown is found. */
  readonly documents: DocumentIndex;
  /**
   * What the node's own signed result says: nothing that the hub counted may be less, but by a reason that it names.
   * `unknown`: whoever asks has the node's results, and none of the job that the breakdown names.
   */
  readonly benchmark: Benchmark | 'unknown' | undefined;
  /** The region's published table of the breakdown's version. */
  readonly baselines: Baselines | undefined;
}

/** The score is the sum of its breakdown, and that fits what the node measured. @returns the breakdown, where it is here. */
export function verifyScore(
  opened: OpenedReceipt,
  by: ScoreContext,
  findings: Findings,
): ScoreBreakdown | undefined {
  const { receipt, instance } = opened;
  const signer = instanceName(instance);
  if (receipt.scoreVersion === 0) {
    verifyNoScore(opened, findings);
    return undefined;
  }
  const found = formatScore(receipt.microScore);
  const named = receipt.evidence.find(({ kind }) => kind === 'score')?.hash;
  const text = named && by.documents.get(named);
  if (text === undefined) {
    findings.missing({
      ...{ subject: 'score', found, signer },
      text: named
        ? `the score is the hub’s word alone: its breakdown ${toHex(named)} is not here`
        : 'the score is the hub’s word alone: the receipt names no breakdown of it',
    });
    return undefined;
  }
  const breakdown = findings.attempt({ subject: 'score', fault: 'forged', signer }, () =>
    readBreakdown(text),
  );
  if (breakdown === undefined) return undefined;
  compareScore(opened, { breakdown, by }, findings);
  verifySource(breakdown, { signer, by }, findings);
  return breakdown;
}

function verifyNoScore({ receipt, instance }: OpenedReceipt, findings: Findings): void {
  const signer = instanceName(instance);
  const found = formatScore(receipt.microScore);
  if (receipt.microScore === 0)
    findings.restsOn(signer, {
      ...{ subject: 'score', found },
      text: 'that the node had no score in this hour rests on the hub',
    });
  else
    findings.differs({
      ...{ subject: 'score', fault: 'score-raised', signer, expected: formatScore(0), found },
      text: 'the hour counts by a score of no version, which can be the sum of nothing',
    });
}

function compareScore(
  { receipt, instance }: OpenedReceipt,
  { breakdown, by }: { breakdown: ScoreBreakdown; by: ScoreContext },
  findings: Findings,
): void {
  const signer = instanceName(instance);
  const micro = microOf(breakdown, by.baselines);
  const expected = micro === undefined ? 'figures that a machine has' : formatScore(micro);
  const lower = typeof by.benchmark === 'object' ? loweredPart(breakdown, by.benchmark) : undefined;
  const compared = { subject: 'score' as const, expected, found: formatScore(receipt.microScore) };
  if (micro !== receipt.microScore)
    findings.differs({
      ...{ ...compared, signer, fault: (micro ?? 0) > receipt.microScore ? 'score-lowered' : 'score-raised' },
      text: `version ${receipt.scoreVersion} of the score is not the sum of its breakdown`,
    });
  else if (lower !== undefined)
    findings.differs({
      ...{ subject: 'score', signer, fault: 'score-lowered' },
      ...{ expected: `${lower.part} ${lower.claimed}`, found: `${lower.part} ${lower.counted}` },
      text: `the hub counted less for ${lower.part} than the node’s signed result says, and names no reason`,
    });
  else findings.match({ ...compared, text: 'the score is the sum of its breakdown' });
}

/** By whose word the breakdown's own figures are. */
function verifySource(
  { jobId, attempt }: ScoreBreakdown,
  { signer, by: { benchmark, baselines } }: { signer: string; by: ScoreContext },
  findings: Findings,
): void {
  if (benchmark === 'unknown')
    findings.missing({
      ...{ subject: 'score', signer },
      text: `the breakdown is of job ${jobId}, attempt ${attempt}: none of the results that this node signed and keeps`,
    });
  else if (benchmark === undefined)
    findings.restsOn(signer, {
      subject: 'score',
      text: 'what the node measured is by the breakdown: its own signed result is not here',
    });
  if (baselines === undefined)
    findings.restsOn(signer, { subject: 'score', text: 'the baselines are those that the breakdown names' });
}

/** Undefined where the breakdown holds figures that no machine has. */
function microOf(breakdown: ScoreBreakdown, baselines: Baselines | undefined): number | undefined {
  try {
    return recomputed(breakdown, baselines).micro;
  } catch (error) {
    if (error instanceof ScoreError) return undefined;
    throw error;
  }
}

function loweredPart(
  { measured, timed }: ScoreBreakdown,
  { claimed }: Benchmark,
): { part: PartName; claimed: number; counted: number } | undefined {
  for (const part of PART_NAMES) {
    const [own, counted]: (Measure | undefined)[] = [claimed[part], measured[part]];
    // Too slow by the hub's own clock, no answer to a nonce, a stand-in: the breakdown says so, and less counts.
    if (own === undefined || own.fault !== undefined || counted?.fault !== undefined || timed.has(part))
      continue;
    if ((counted?.value ?? 0) < own.value && part !== 'jitter' && part !== 'loss')
      return { part, claimed: own.value, counted: counted?.value ?? 0 };
  }
  return undefined;
}
