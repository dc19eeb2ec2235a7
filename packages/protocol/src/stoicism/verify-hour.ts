import { equalBytes, toHex } from '../bytes.ts';
import { decodeExact } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import type { Checkpoint } from '../evidence/checkpoint.ts';
import { hourRecord } from '../evidence/hour-record.ts';
import type { SettledReceipt } from '../evidence/settled-receipt.ts';
import { type DialBackReport, dialBackKind } from '../messages/dial-back.ts';
import { open, peek } from '../signed.ts';
import type { Benchmark } from './benchmark-report.ts';
import { DocumentIndex } from './document-index.ts';
import type { EvidenceHour } from './evidence-file.ts';
import type { Finding } from './finding.ts';
import { Findings } from './findings.ts';
import type { Baselines } from './parts.ts';
import { type MinuteLines, minuteLines, type Neighbours } from './recorded-minutes.ts';
import { type DocumentContext, openDocuments } from './verify-documents.ts';
import { verifyGap } from './verify-gap.ts';
import { dialBackOf, verifyGates } from './verify-gates.ts';
import { verifyMinutes, verifyPoints, verifyRevisions } from './verify-minutes.ts';
import { verifyScore } from './verify-score.ts';
import type { WarmUpState } from './warm-replay.ts';

/** What an hour is held against. The more of it is there, the less rests on another's word. */
export interface HourContext extends DocumentContext {
  /** Lines of the node's records of the hours beside this one, if they are here. */
  readonly neighbours?: Neighbours;
  /** What hashes in receipts stand for: breakdowns of scores, sealed reports of dial-backs. */
  readonly documents?: DocumentIndex;
  /**
   * What the node's own signed result says, of the benchmark that the hour's score is made of. `unknown`: the node's results
   * are at hand, and that of the benchmark is not among them. Left out: they are not at hand.
   */
  readonly benchmark?: Benchmark | 'unknown';
  /** The region's published table that the breakdown names. */
  readonly baselines?: Baselines;
  /** The warm-up as the hour began, by replaying the hours before (`warmThrough`). */
  readonly warmBefore?: WarmUpState;
  /** Keys of other nodes, as far as they are known: who looked at the P2P port signs with one. */
  readonly keysOf?: (nodeId: Uint8Array) => readonly Uint8Array[];
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
  const log = trustedLog(evidence.log, hour.checkpoint, { ...tools, neighbours: by.neighbours });
  const newest = hour.settled.at(-1);
  if (newest === undefined) return findings.all;
  verifyRevisions(hour.settled, findings);
  verifyMinutes(hour, newest, findings);
  const documents = by.documents ?? new DocumentIndex([], crypto);
  verifyGap(newest, { trust: by.trust, documents, log }, tools);
  const scored = { documents, benchmark: by.benchmark, baselines: by.baselines };
  const breakdown = verifyScore(newest, scored, findings);
  verifyGates(
    newest,
    {
      ...{ log, breakdown, warmBefore: by.warmBefore },
      dialBack: lookOf(newest.receipt, { ...by, documents }, tools),
    },
    findings,
  );
  verifyPoints(newest, findings);
  return findings.all;
}

interface Tools {
  readonly crypto: Signatures;
  readonly findings: Findings;
}

/** A log counts only as the checkpoint committed to it: whoever makes one up afterwards proves nothing. */
function trustedLog(
  log: Uint8Array | undefined,
  checkpoint: Checkpoint | undefined,
  { crypto, findings, neighbours }: Tools & { neighbours: Neighbours | undefined },
): MinuteLines {
  const none: MinuteLines = new Map();
  if (log === undefined || checkpoint === undefined) {
    const text =
      log === undefined
        ? 'the node’s own record of this hour is not here'
        : 'nothing that the node signed commits to this record';
    findings.missing({ subject: 'log', text });
    return none;
  }
  const [expected, found] = [toHex(checkpoint.inputsDigest), toHex(crypto.hash(log))];
  if (expected !== found) {
    findings.differs({
      ...{ subject: 'log', fault: 'log-altered', expected, found },
      text: 'the record is not the one that the checkpoint committed to: nothing is concluded from it',
    });
    return none;
  }
  const record = findings.attempt({ subject: 'log', fault: 'log-altered' }, () =>
    decodeExact(hourRecord, log),
  );
  if (record === undefined) return none;
  if (record.hubHour !== checkpoint.hubHour) {
    findings.differs({
      ...{
        subject: 'log',
        fault: 'other-hour',
        expected: `hour ${checkpoint.hubHour}`,
        found: `hour ${record.hubHour}`,
      },
      text: 'the record is of another hour',
    });
    return none;
  }
  findings.match({ subject: 'log', text: 'the record is the one that the checkpoint committed to' });
  return minuteLines(record, neighbours);
}

/**
 * Who saw the port, by the report that the receipt names. Without his key it is read and not verified; without the report, for a
 * hub keeps the newest of a node alone, gate 7 is the instance's word.
 */
function lookOf(
  receipt: SettledReceipt,
  { documents, keysOf }: { documents: DocumentIndex; keysOf?: HourContext['keysOf'] | undefined },
  { crypto, findings }: Tools,
) {
  const named = receipt.evidence.find(({ kind }) => kind === 'dial-back')?.hash;
  if (named === undefined) return undefined;
  const sealed = documents.get(named);
  if (sealed === undefined) return undefined;
  const said = opened(() => peek(dialBackKind, sealed));
  if (said === undefined || !equalBytes(said.target, receipt.nodeId)) {
    const text = `the report ${toHex(named)} of who looked at a P2P port is none about this node`;
    findings.missing({ subject: 'gate', gate: 'serving', text });
    return undefined;
  }
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
