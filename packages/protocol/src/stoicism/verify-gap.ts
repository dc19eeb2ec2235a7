import { toHex } from '../bytes.ts';
import { decodeExact } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { instanceOfHour, type RegionTrust } from '../evidence/hour-signer.ts';
import { hubGapKind, type SignedGap, signedHubGap } from '../evidence/hub-gap.ts';
import { isOpenedBy } from '../evidence/session-id.ts';
import { MAX_GAP_RECORDS, type OpenedReceipt } from '../evidence/settled-receipt.ts';
import { open } from '../signed.ts';
import { DocumentIndex } from './document-index.ts';
import { type Findings, formatMinutes } from './findings.ts';
import { minutesWithin } from './gap.ts';
import type { MinuteLines } from './recorded-minutes.ts';
import { instanceName } from './verify-documents.ts';

export interface GapContext {
  readonly trust: RegionTrust;
  readonly documents: DocumentIndex;
  /** The node's own record of the hour. */
  readonly log: MinuteLines;
}

interface Tools {
  readonly crypto: Signatures;
  readonly findings: Findings;
}

/** By whose key a record stands, and which minutes of the hour it grants. */
interface Granted {
  readonly signer: string;
  readonly said: SignedGap;
  readonly minutes: bigint;
}

/** Another instance says that one is lost, and people grant a gap at whichever instance they are. */
const BY_OTHERS: ReadonlySet<string> = new Set(['lost', 'act']);
/** Of whom many sessions ended at once, it does not matter with which instance they were. */
const OF_ALL = 'mass-expiry';
/** Minutes around the beginning of a gap in which the node is looked for at the instance that had it. */
const BEFORE = 3;
const WITHIN = 5;

/**
 * Holds the minutes that are paid as a hub's gap against the records that the receipt names: each signed by an instance of the
 * region, all that one grants counts, and nothing that none grants. That there was a gap, its signer says alone.
 */
export function verifyGap(opened: OpenedReceipt, by: GapContext, tools: Tools): void {
  const { receipt } = opened;
  const { crypto, findings } = tools;
  const named = receipt.evidence.filter(({ kind }) => kind === 'gap').map(({ hash }) => hash);
  noStrangers(opened, tools);
  const travelled = new DocumentIndex(opened.documents, crypto);
  const records = named.map((hash) => travelled.get(hash) ?? by.documents.get(hash));
  const granted = records.flatMap((record) => (record && openRecord(record, opened, by, tools)) ?? []);
  for (const one of granted) {
    restOn(one, opened, findings);
    findAtInstance(one, opened, by, tools);
  }
  const covered = granted.reduce((all, { minutes }) => all | minutes, 0n);
  const open = receipt.gap & ~covered;
  if (open === 0n) return;
  const signer = instanceName(opened.instance);
  const compared = { subject: 'gap' as const, minutes: open, signer };
  const absent = named.filter((_, i) => records[i] === undefined);
  if (absent.length > 0 || named.length >= MAX_GAP_RECORDS)
    findings.missing({
      ...compared,
      text: `minutes ${formatMinutes(open)} are paid as a gap of a hub, and its record is not here${absent.map((hash) => `: ${toHex(hash)}`).join('')}`,
    });
  else
    findings.differs({
      ...{ ...compared, fault: 'gap-unrecorded' },
      ...{ expected: formatMinutes(receipt.gap & covered), found: formatMinutes(receipt.gap) },
      text: `minutes ${formatMinutes(open)} are paid as a gap of a hub, and no signed record grants them`,
    });
}

/** What travels with a receipt is what it names: anything else was put there, or altered. */
function noStrangers({ receipt, instance, documents }: OpenedReceipt, { crypto, findings }: Tools): void {
  const named = new Set(receipt.evidence.map(({ hash }) => toHex(hash)));
  for (const found of documents.map((document) => toHex(crypto.hash(document))))
    if (!named.has(found))
      findings.differs({
        ...{ subject: 'gap', fault: 'forged', signer: instanceName(instance) },
        ...{ expected: [...named].join(', '), found },
        text: 'the record of a gap that came with the receipt is none that it names: it was altered, or is another',
      });
}

function openRecord(
  document: Uint8Array,
  { receipt }: OpenedReceipt,
  { trust }: GapContext,
  { crypto, findings }: Tools,
): Granted | undefined {
  return findings.attempt({ subject: 'gap', fault: 'forged' }, () => {
    const { sealed, region, instance } = decodeExact(signedHubGap, document);
    const signer = instanceOfHour({ region, instance }, receipt.hubHour, trust, crypto);
    const said = open(hubGapKind, sealed, crypto, signer.publicKey);
    if (said.instance !== signer.instance && !BY_OTHERS.has(said.cause))
      throw new ProtocolError(
        'bad_signature',
        `the gap of instance '${said.instance}' is declared by instance '${signer.instance}'`,
      );
    const minutes = minutesWithin({ from: said.grantFrom, until: said.grantUntil }, receipt.hubHour);
    return { signer: instanceName(signer), said, minutes };
  });
}

/** A record grants a node all of its minutes or none: the receipt that names it has them. */
function restOn(
  { signer, said, minutes }: Granted,
  { receipt, instance }: OpenedReceipt,
  findings: Findings,
) {
  const paid = receipt.gap & minutes;
  const lacking = minutes & ~receipt.minutes;
  const compared = { expected: formatMinutes(minutes), found: formatMinutes(receipt.minutes & minutes) };
  if (lacking !== 0n)
    findings.differs({
      ...{ ...compared, subject: 'gap', fault: 'minute-dropped', minutes: lacking },
      signer: instanceName(instance),
      text: `minutes ${formatMinutes(lacking)} are granted by the record of a gap that the receipt names, and do not count`,
    });
  if (paid !== 0n)
    findings.restsOn(signer, {
      ...{ ...compared, subject: 'gap', minutes: paid },
      text: `that minutes ${formatMinutes(paid)} were a gap of instance ${said.instance} (${said.cause}) rests on its signed record`,
    });
}

/** What the node signed about that time names sessions, and their ids the instances that opened them. */
function findAtInstance(
  { signer, said, minutes }: Granted,
  { receipt }: OpenedReceipt,
  { log }: GapContext,
  { crypto, findings }: Tools,
): void {
  const from = said.from - receipt.hubHour * 60;
  if (said.cause === OF_ALL || from < BEFORE - 1 || from + WITHIN > 60) return;
  const around = Array.from(
    { length: BEFORE + WITHIN + 1 },
    (_, i) => log.get(from - BEFORE + i) ?? [],
  ).flat();
  const isThere = around.some(({ sessionId }) => isOpenedBy(sessionId, said.instance, crypto.hash));
  if (around.length === 0 || isThere) return;
  findings.differs({
    ...{ subject: 'gap', fault: 'other-instance', minutes: receipt.gap & minutes, signer },
    expected: `a gap of the instance that the node was with at minute ${from}`,
    found: `a gap of instance ${said.instance}`,
    text: `the gap is one of instance ${said.instance}, and by its own signed record the node was with another`,
  });
}
