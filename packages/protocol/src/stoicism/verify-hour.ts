import { equalBytes, toHex } from '../bytes.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import type { Checkpoint } from '../evidence/checkpoint.ts';
import type { SettledReceipt } from '../evidence/settled-receipt.ts';
import { LIMITS } from '../limits.ts';
import { type DialBackReport, dialBackKind } from '../messages/dial-back.ts';
import { open, peek } from '../signed.ts';
import type { Benchmark } from './benchmark-report.ts';
import type { EvidenceHour } from './evidence-file.ts';
import type { Finding } from './finding.ts';
import { Findings } from './findings.ts';
import type { HourLog } from './hour-log.ts';
import type { Baselines } from './parts.ts';
import { type DocumentContext, openDocuments } from './verify-documents.ts';
import { dialBackOf, verifyGates } from './verify-gates.ts';
import { verifyBasis, verifyMinutes, verifyPoints, verifyRevisions } from './verify-minutes.ts';
import { verifyScore } from './verify-score.ts';
import type { WarmUpState } from './warm-replay.ts';

/** What an hour is held against. The more of it is there, the less rests on another's word. */
export interface HourContext extends DocumentContext {
  /** The node's own record. */
  readonly log?: HourLog;
  /** What hashes in the documents stand for, in any order: breakdowns of scores, sealed reports of dial-backs. */
  readonly documents?: readonly Uint8Array[];
  /** What the node's own signed result says, of the benchmark that the hour's score is made of. */
  readonly benchmark?: Benchmark;
  /** The region's published table that the breakdown names. */
  readonly baselines?: Baselines;
  /** The warm-up as the hour began, by replaying the hours before (`warmThrough`). */
  readonly warmBefore?: WarmUpState;
  /** Keys of other nodes, as far as they are known: who looked at the P2P port signs with one. */
  readonly keysOf?: (nodeId: Uint8Array) => readonly Uint8Array[];
  /** As the hub's Welcome set it; the longest that there is unless given. */
  readonly heartbeatMs?: number;
}

/**
 * Recomputes one hour of one node from what both sides signed: which minutes count, each gate, the score, the points, and that
 * a signed root of the region stands for it. Pure; nothing in the evidence is believed before its signature holds.
 * @returns what was found, in the order of the documents; an hour that is as it should be has no `differs` among them.
 */
export function verifyHour(evidence: EvidenceHour, by: HourContext, crypto: Signatures): Finding[] {
  const findings = new Findings(evidence.hubHour);
  const tools = { crypto, findings };
  const hour = openDocuments(evidence, by, tools);
  const log = trustedLog(by.log, hour.checkpoint, findings);
  const newest = hour.settled.at(-1);
  if (newest === undefined) return findings.all;
  verifyRevisions(hour.settled, findings);
  verifyBasis(evidence.checkpoint, newest, tools);
  verifyMinutes(hour, newest, findings);
  const documents = by.documents ?? [];
  const scored = { documents, benchmark: by.benchmark, baselines: by.baselines };
  const breakdown = verifyScore(newest, scored, tools);
  verifyGates(
    newest,
    {
      ...{ log, breakdown, warmBefore: by.warmBefore },
      heartbeatMs: by.heartbeatMs ?? LIMITS.heartbeatMaxMs,
      dialBack: lookOf(newest.receipt, { ...by, documents }, crypto),
    },
    findings,
  );
  verifyPoints(newest, findings);
  return findings.all;
}

/** A log counts only as the checkpoint committed to it: whoever makes one up afterwards proves nothing. */
function trustedLog(
  log: HourLog | undefined,
  checkpoint: Checkpoint | undefined,
  findings: Findings,
): HourLog | undefined {
  if (log === undefined) {
    findings.missing({ subject: 'log', text: 'the node’s own log of this hour is not here' });
    return undefined;
  }
  if (checkpoint === undefined) {
    findings.missing({ subject: 'log', text: 'nothing that the node signed commits to this log' });
    return undefined;
  }
  const [expected, found] = [checkpoint, log].map(
    ({ tipsDigest, inputsDigest }) => `tips ${toHex(tipsDigest)}, inputs ${toHex(inputsDigest)}`,
  ) as [string, string];
  if (expected === found) {
    findings.match({ subject: 'log', text: 'the log is the one that the checkpoint committed to' });
    return log;
  }
  findings.differs({
    ...{ subject: 'log', fault: 'log-altered', expected, found },
    text: 'the log is not the one that the checkpoint committed to: nothing is concluded from it',
  });
  return undefined;
}

/** Who saw the port, by the report that the receipt names. Without his key it is read and not verified. */
function lookOf(
  receipt: SettledReceipt,
  { documents, keysOf }: { documents: readonly Uint8Array[]; keysOf?: HourContext['keysOf'] | undefined },
  crypto: Signatures,
) {
  const named = receipt.evidence.find(({ kind }) => kind === 'dial-back')?.hash;
  const sealed = named && documents.find((one) => equalBytes(crypto.hash(one), named));
  const said = sealed && opened(() => peek(dialBackKind, sealed));
  if (sealed === undefined || said === undefined || !equalBytes(said.target, receipt.nodeId))
    return undefined;
  const keys = keysOf?.(said.dialler) ?? [];
  return dialBackOf(
    said,
    keys.some((key) => opened(() => open(dialBackKind, sealed, crypto, key)) !== undefined),
  );
}

function opened(read: () => DialBackReport): DialBackReport | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
