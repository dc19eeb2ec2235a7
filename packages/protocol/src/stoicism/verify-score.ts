import { equalBytes, toHex } from '../bytes.ts';
import type { Signatures } from '../crypto/suite.ts';
import type { OpenedReceipt } from '../evidence/settled-receipt.ts';
import type { Benchmark } from './benchmark-report.ts';
import type { Findings } from './findings.ts';
import { type Baselines, PART_NAMES, type PartName } from './parts.ts';
import { formatScore, type Measure } from './score.ts';
import { readBreakdown, recomputed, type ScoreBreakdown } from './score-breakdown.ts';
import { ScoreError } from './score-error.ts';
import { instanceName } from './verify-documents.ts';

export interface ScoreContext {
  /** Among which the breakdown is found by its hash. */
  readonly documents: readonly Uint8Array[];
  /** What the node's own signed result says: nothing that the hub counted may be less, but by a reason that it names. */
  readonly benchmark: Benchmark | undefined;
  /** The region's published table of the breakdown's version. */
  readonly baselines: Baselines | undefined;
}

/** The score is the sum of its breakdown, and that fits what the node measured. @returns the breakdown, where it is here. */
export function verifyScore(
  { receipt, instance }: OpenedReceipt,
  by: ScoreContext,
  { crypto, findings }: { crypto: Signatures; findings: Findings },
): ScoreBreakdown | undefined {
  const signer = instanceName(instance);
  const found = formatScore(receipt.microScore);
  if (receipt.scoreVersion === 0) {
    findings.match({ subject: 'score', found, text: 'the node had no score in this hour' });
    return undefined;
  }
  const named = receipt.evidence.find(({ kind }) => kind === 'score')?.hash;
  const text = named && by.documents.find((one) => equalBytes(crypto.hash(one), named));
  if (text === undefined) {
    findings.restsOn(signer, {
      ...{ subject: 'score', found },
      text: `the score rests on the hub: its breakdown${named ? ` ${toHex(named)}` : ''} is not here`,
    });
    return undefined;
  }
  const breakdown = findings.attempt({ subject: 'score', fault: 'forged', signer }, () =>
    readBreakdown(text),
  );
  if (breakdown === undefined) return undefined;
  const micro = microOf(breakdown, by.baselines);
  const expected = micro === undefined ? 'figures that a machine has' : formatScore(micro);
  const lower = by.benchmark && loweredPart(breakdown, by.benchmark);
  const compared = { subject: 'score' as const, expected, found };
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
  if (by.baselines === undefined)
    findings.restsOn(signer, { subject: 'score', text: 'the baselines are those that the breakdown names' });
  return breakdown;
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
