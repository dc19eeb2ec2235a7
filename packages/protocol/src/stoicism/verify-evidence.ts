import { equalBytes, toHex } from '../bytes.ts';
import { decode, decodeExact, encode } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { checkpointKind } from '../evidence/checkpoint.ts';
import { type HourRecord, hourRecord } from '../evidence/hour-record.ts';
import type { RegionTrust } from '../evidence/hour-signer.ts';
import { GATES } from '../evidence/receipt.ts';
import {
  type LedgerMode,
  provenReceipt,
  receiptRootKind,
  rootGeneration,
  type SettledReceipt,
  settledReceipt,
  signedReceiptRoot,
} from '../evidence/settled-receipt.ts';
import { nodeCredential, verifyNodeCredential } from '../identity/node-cert.ts';
import { peek } from '../signed.ts';
import { DocumentIndex } from './document-index.ts';
import type { EvidenceFile, EvidenceHour, FormerKey } from './evidence-file.ts';
import type { Finding, GateName } from './finding.ts';
import { Findings, hasMinute } from './findings.ts';
import { type MinuteLines, minuteLines } from './recorded-minutes.ts';
import { type HourContext, verifyHour } from './verify-hour.ts';
import { verifyRoots } from './verify-roots.ts';
import { COLD, type WarmUpState, warmThrough } from './warm-replay.ts';
import { WARM_UP_MINUTES } from './warm-up.ts';

const HOUR_MS = 3_600_000;

/**
 * match: every document that is needed is there, and nothing differs; `wordAlone` says what is believed all the same. partly: nothing differs of what is there. differs: something does.
 * unknown: not even what was paid is there.
 */
export type HourVerdict = 'match' | 'partly' | 'differs' | 'unknown';

export interface HourReport {
  readonly hubHour: number;
  readonly verdict: HourVerdict;
  /** Of the ledger that paid it; shadow is shown as TEST. Undefined where nothing of what was paid could be opened. */
  readonly mode?: LedgerMode | undefined;
  readonly findings: readonly Finding[];
}

export interface EvidencePolicy {
  /** `hash` of the offline root's public key, as the reader has it from elsewhere than the file. */
  readonly rootFingerprint: Uint8Array;
  /** All that the region published of the file's hours: `signedReceiptRoot`, encoded. Left out: it was not asked. */
  readonly published?: readonly Uint8Array[];
  /** Hours of the file of which the region was asked and did not answer: of these, `published` says nothing. */
  readonly unanswered?: ReadonlySet<number>;
  /** What the reader knows besides of the benchmark and the table that an hour's score is made of. */
  readonly scoredBy?: (hour: EvidenceHour) => Pick<HourContext, 'benchmark' | 'baselines'>;
}

/** Whose word a file is, once that is settled: what each of its hours is verified by. */
export interface EvidenceParties {
  readonly trust: RegionTrust;
  /** Under which the node signs; undefined where the file doesn't prove it. */
  readonly nodeKey: Uint8Array | undefined;
  /** Under which it signed before: those that the file proves. */
  readonly formerKeys: readonly FormerKey[];
}

/** @throws ProtocolError `wrong_root`, or as `verifyNodeCredential` does: then nothing of the file is worth looking at. */
export function evidenceParties(
  { region, nodeId, rootKey, credential, nodeKey, formerKeys = [] }: EvidenceFile,
  { rootFingerprint }: Pick<EvidencePolicy, 'rootFingerprint'>,
  crypto: Signatures,
): EvidenceParties {
  const fingerprint = crypto.hash(rootKey);
  if (!equalBytes(fingerprint, rootFingerprint))
    throw new ProtocolError(
      'wrong_root',
      `the file descends from the root key ${toHex(fingerprint)}, ${toHex(rootFingerprint)} is trusted`,
    );
  const trust = { root: rootKey, region };
  // Of a key that was changed for another, the id says nothing.
  const isFirst = (key: Uint8Array | undefined) => key !== undefined && equalBytes(crypto.hash(key), nodeId);
  const keyIn = (sealed: Uint8Array): Uint8Array => {
    // A node's certificate ends with its key, and its issuer's may have ended since: no hour is too late for them.
    const policy = { rootFingerprint, region, timeFloor: 0 };
    const cert = verifyNodeCredential(decodeExact(nodeCredential, sealed), policy, crypto);
    if (!equalBytes(cert.nodeId, nodeId))
      throw new ProtocolError(
        'bad_signature',
        `the credential is that of node ${toHex(cert.nodeId)}, the file of ${toHex(nodeId)}`,
      );
    return cert.publicKey;
  };
  const isProven = ({ publicKey, credential: sealed }: FormerKey) =>
    sealed === undefined ? isFirst(publicKey) : equalBytes(keyIn(sealed), publicKey);
  return {
    trust,
    nodeKey: credential === undefined ? (isFirst(nodeKey) ? nodeKey : undefined) : keyIn(credential),
    formerKeys: formerKeys.filter(isProven),
  };
}

/**
 * Verifies a file hour by hour, as `verifyHour` does, and holds the roots that its receipts lead to against those that the
 * region published. The same findings for the same bytes, whichever implementation of the signatures is used.
 * @throws ProtocolError as `evidenceParties` does, before the first hour.
 */
export function* verifyEvidence(
  file: EvidenceFile,
  policy: EvidencePolicy,
  crypto: Signatures,
): Generator<HourReport> {
  const { trust, nodeKey, formerKeys } = evidenceParties(file, policy, crypto);
  const documents = new DocumentIndex(file.documents, crypto);
  const context = { nodeId: file.nodeId, trust, documents };
  const byHour = Map.groupBy(verifyRoots(rootsOf(file, policy), trust, crypto), ({ hubHour }) => hubHour);
  const shown =
    policy.published &&
    new Set(policy.published.flatMap((root) => opened(() => rootName(root, crypto)) ?? []));
  const journal = new Journal(file.hours, crypto);
  for (const hour of file.hours) {
    const former = formerKeys.filter((key) => isOfHour(key, hour)).map(({ publicKey }) => publicKey);
    // Where the key of now is not known, what those before did not sign is nobody's forgery.
    const nodeKeys = nodeKey === undefined ? [] : [nodeKey, ...former];
    const findings = [
      ...verifyHour(
        hour,
        { ...context, nodeKeys, ...journal.read(hour), ...policy.scoredBy?.(hour) },
        crypto,
      ),
      ...(byHour.get(hour.hubHour) ?? []),
      ...shownRoots(hour, { shown, unanswered: policy.unanswered, region: file.region }, crypto),
    ];
    byHour.delete(hour.hubHour);
    yield { hubHour: hour.hubHour, verdict: verdictOf(findings), mode: newestReceipt(hour)?.mode, findings };
  }
  // A published root that nobody signed may be of any hour.
  for (const [hubHour, findings] of byHour) yield { hubHour, verdict: verdictOf(findings), findings };
}

/** A key that was changed signs about no hour after it was good: it may be a thief's by then. */
function isOfHour({ since, until }: FormerKey, { hubHour }: EvidenceHour): boolean {
  return hubHour * HOUR_MS < until && since < (hubHour + 1) * HOUR_MS;
}

/** Of an hour: what was not there to look at is no match. */
export function verdictOf(findings: readonly Finding[]): HourVerdict {
  if (findings.some(({ what }) => what === 'differs')) return 'differs';
  if (!findings.some(({ what, subject }) => what === 'match' && subject === 'points')) return 'unknown';
  return findings.some(({ what }) => what === 'missing') ? 'partly' : 'match';
}

/**
 * What an hour rests on by the word of others and by nothing else: gates by their name, other subjects. Empty for one that was
 * recomputed whole.
 */
export function wordAlone(findings: readonly Finding[]): string[] {
  const named = (what: Finding['what']) =>
    new Set(findings.flatMap((finding) => (finding.what === what ? [finding.gate ?? finding.subject] : [])));
  const [believed, recomputed] = [named('rests-on'), named('match')];
  return [...believed].filter((about) => !recomputed.has(about));
}

/** A root that is shown to nobody else stands for nothing: whoever signed it can show others another one. */
function shownRoots(
  hour: EvidenceHour,
  {
    shown,
    unanswered,
    region,
  }: {
    shown: ReadonlySet<string> | undefined;
    unanswered: EvidencePolicy['unanswered'];
    region: string;
  },
  crypto: Pick<Signatures, 'hash'>,
): readonly Finding[] {
  const findings = new Findings(hour.hubHour);
  const names = ownRoots(hour).flatMap((root) => opened(() => rootName(root, crypto)) ?? []);
  if (unanswered?.has(hour.hubHour))
    findings.missing({
      subject: 'published',
      text: 'not compared with the roots that the region shows everybody: it did not answer',
    });
  else if (shown === undefined && names.length > 0)
    findings.restsOn(`region ${region}`, {
      subject: 'published',
      text: 'that everybody is shown the same roots rests on the region: they were not compared with the published ones',
    });
  else if (shown !== undefined)
    for (const name of names.filter((one) => !shown.has(one)))
      findings.differs({
        ...{ subject: 'published', fault: 'root-unpublished', signer: `region ${region}` },
        ...{ expected: 'a root among those that the region published', found: `root ${name}` },
        text: 'the region does not show everybody the root that this receipt leads to',
      });
  return findings.all;
}

/** Of the signed body: its certificates may be others. @throws ProtocolError */
function rootName(payload: Uint8Array, { hash }: Pick<Signatures, 'hash'>): string {
  return toHex(hash(decode(signedReceiptRoot, payload).root));
}

/** Those that the receipts lead to, and those that the region shows to everybody. */
function rootsOf({ hours }: EvidenceFile, { published = [] }: EvidencePolicy): Uint8Array[] {
  return [...hours.flatMap(ownRoots), ...published];
}

function ownRoots({ settled }: EvidenceHour): Uint8Array[] {
  return settled.flatMap(
    (payload) => opened(() => encode(signedReceiptRoot, decode(provenReceipt, payload))) ?? [],
  );
}

type OwnWord = Pick<HourContext, 'neighbours' | 'warmBefore'>;

/** The node's own records, hour after hour: what one leaves to the next. */
class Journal {
  readonly #records: ReadonlyMap<number, HourRecord>;
  #warm: { readonly hubHour: number; readonly state: WarmUpState } | undefined;

  /** A record to which the node did not commit is nobody's: what it says of the hours beside it does not count either. */
  constructor(hours: readonly EvidenceHour[], { hash }: Pick<Signatures, 'hash'>) {
    const read = ({ hubHour, log, checkpoint }: EvidenceHour) => {
      if (log === undefined || checkpoint === undefined) return [];
      const digest = opened(() => peek(checkpointKind, checkpoint).inputsDigest);
      if (digest === undefined || !equalBytes(digest, hash(log))) return [];
      const record = opened(() => decodeExact(hourRecord, log));
      return record === undefined ? [] : [[hubHour, record] as const];
    };
    this.#records = new Map(hours.flatMap(read));
  }

  /** To be asked of each hour once, ascending. */
  read(hour: EvidenceHour): OwnWord {
    const { hubHour, checkpoint } = hour;
    const neighbours = {
      before: this.#records.get(hubHour - 1)?.minutes.at(-1),
      after: this.#records.get(hubHour + 1)?.minutes[0],
    };
    const isFirst = checkpoint && opened(() => peek(checkpointKind, checkpoint).number === 1);
    const known = this.#warm?.hubHour === hubHour ? this.#warm.state : undefined;
    const warmBefore = known ?? (isFirst ? COLD : undefined);
    const record = this.#records.get(hubHour);
    const replayed = warmBefore && record && warmAfter(hour, warmBefore, minuteLines(record, neighbours));
    this.#warm = replayed ?? warmByWord(hour);
    return { neighbours, ...(warmBefore && { warmBefore }) };
  }
}

/** By the newest receipt: whether the node was at the tip is the hub's word, which `verifyHour` says. */
function warmAfter(hour: EvidenceHour, before: WarmUpState, log: MinuteLines) {
  const newest = newestReceipt(hour);
  if (newest === undefined) return undefined;
  const { hubHour, minutes, gap, unjudged, gateFailures } = newest;
  const judged = minutes & ~gap & ~unjudged;
  const tip = gateFailures[GATES.indexOf('tip')] ?? 0n;
  const { after } = warmThrough(before, { hubHour, gap, judged, tip, log });
  return after && { hubHour: hubHour + 1, state: after };
}

/** A hub that says of the last minute that the node was warm and at the tip is held to that from there on. */
function warmByWord(hour: EvidenceHour) {
  const newest = newestReceipt(hour);
  if (newest === undefined) return undefined;
  const { hubHour, minutes, gap, unjudged, gateFailures } = newest;
  const failed = (gate: GateName): bigint => gateFailures[GATES.indexOf(gate)] ?? 0n;
  const well = minutes & ~gap & ~unjudged & ~failed('tip') & ~failed('warm-up');
  return hasMinute(well, 59)
    ? { hubHour: hubHour + 1, state: { ...COLD, minutes: WARM_UP_MINUTES } }
    : undefined;
}

/** What holds of an hour, by what is said and not verified: of the newest restore generation, the last revision. */
export function newestReceipt({ settled }: Pick<EvidenceHour, 'settled'>): SettledReceipt | undefined {
  const receipts = settled.flatMap(
    (payload) =>
      opened(() => {
        const { body, root } = decode(provenReceipt, payload);
        const generation = rootGeneration(peek(receiptRootKind, root));
        return { receipt: decode(settledReceipt, body), generation };
      }) ?? [],
  );
  return receipts
    .sort((a, b) => a.generation - b.generation || a.receipt.revision - b.receipt.revision)
    .at(-1)?.receipt;
}

/** What can't be opened is named where it is verified. */
function opened<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
