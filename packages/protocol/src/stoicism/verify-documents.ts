import { equalBytes, toHex } from '../bytes.ts';
import { decode } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { type Checkpoint, checkpointKind } from '../evidence/checkpoint.ts';
import { instanceOfHour, type RegionTrust } from '../evidence/hour-signer.ts';
import { type Receipt, receiptKind } from '../evidence/receipt.ts';
import {
  type OpenedReceipt,
  openProvenReceipt,
  provenReceipt,
  rootGeneration,
} from '../evidence/settled-receipt.ts';
import { sealedReceipt } from '../messages/control.ts';
import { open, peek } from '../signed.ts';
import type { EvidenceHour } from './evidence-file.ts';
import type { Findings } from './findings.ts';

export interface DocumentContext {
  readonly nodeId: Uint8Array;
  /** Public keys that the node signs with, and signed with about this hour. Without one its checkpoint counts only where a receipt of the hub names it. */
  readonly nodeKeys: readonly Uint8Array[];
  readonly trust: RegionTrust;
}

/** What an hour's documents say, each checked for its signature, its node and its hour. */
export interface OpenedHour {
  /** Only where it is the node's: by its key, or one of before by the hub's own receipt. */
  readonly checkpoint: Checkpoint | undefined;
  /** Of the sealed checkpoint. */
  readonly hash: Uint8Array | undefined;
  /** The hub's receipt names this checkpoint. */
  readonly answered: boolean;
  readonly receipt: Receipt | undefined;
  /** By revision. */
  readonly settled: readonly OpenedReceipt[];
}

export function openDocuments(
  evidence: EvidenceHour,
  by: DocumentContext,
  { crypto, findings }: { crypto: Signatures; findings: Findings },
): OpenedHour {
  const tools = { hour: evidence.hubHour, by, crypto, findings };
  const hash = evidence.checkpoint && crypto.hash(evidence.checkpoint);
  const answer = hash && answerTo(hash, evidence.receipts, tools);
  const checkpoint = openCheckpoint(evidence.checkpoint, answer, tools);
  return {
    ...{ checkpoint, hash, answered: answer !== undefined },
    receipt: openReceipts(evidence.receipts, checkpoint && hash, tools),
    settled: openSettled(evidence, tools),
  };
}

interface Tools {
  readonly hour: number;
  readonly by: DocumentContext;
  readonly crypto: Signatures;
  readonly findings: Findings;
}

/** Whose receipt names this checkpoint: the name of an instance. */
function answerTo(
  hash: Uint8Array,
  receipts: readonly Uint8Array[],
  { hour, by, crypto }: Tools,
): string | undefined {
  for (const payload of receipts) {
    const receipt = unlessRefused(() => readReceipt(payload, by, crypto));
    if (receipt === undefined) continue;
    const { checkpoint, nodeId, hubHour } = receipt.body;
    if (hubHour === hour && equalBytes(nodeId, by.nodeId) && equalBytes(checkpoint, hash))
      return receipt.signer;
  }
  return undefined;
}

/** @param answer Who signed the receipt that names it: a key of before is gone, and then the hub's own word stands for it. */
function openCheckpoint(
  sealed: Uint8Array | undefined,
  answer: string | undefined,
  tools: Tools,
): Checkpoint | undefined {
  const { by, crypto, findings } = tools;
  if (sealed === undefined) {
    findings.missing({
      subject: 'checkpoint',
      text: 'the node signed nothing about this hour, or it is not here',
    });
    return undefined;
  }
  const key = by.nodeKeys.find((one) => opens(sealed, one, crypto));
  // Of a node that has changed its key, one of those between may be missing.
  const isFirst = by.nodeKeys.length === 1 && equalBytes(crypto.hash(by.nodeKeys[0]!), by.nodeId);
  const vouched = key === undefined && !isFirst ? answer : undefined;
  if (key === undefined && vouched === undefined && by.nodeKeys.length === 0) {
    findings.missing({
      subject: 'checkpoint',
      text: 'neither the node’s key is here to verify this checkpoint by nor a receipt of the hub that names it: nothing is concluded from it',
    });
    return undefined;
  }
  const checkpoint = findings.attempt({ subject: 'checkpoint', fault: 'forged' }, () =>
    vouched === undefined
      ? open(checkpointKind, sealed, crypto, key ?? by.nodeKeys[0]!)
      : peek(checkpointKind, sealed),
  );
  if (checkpoint === undefined || !isOfHour('checkpoint', checkpoint, tools)) return undefined;
  const signer = `node ${toHex(by.nodeId)}`;
  const text = `the node signed ${checkpoint.number === 1 ? 'its first checkpoint' : `checkpoint ${checkpoint.number}`}`;
  if (vouched === undefined) findings.match({ subject: 'checkpoint', signer, text });
  else
    findings.restsOn(vouched, {
      subject: 'checkpoint',
      text: `${text}, by the hub’s receipt: the key that it is signed by is not here`,
    });
  return checkpoint;
}

function opens(sealed: Uint8Array, key: Uint8Array, crypto: Signatures): boolean {
  return unlessRefused(() => open(checkpointKind, sealed, crypto, key)) !== undefined;
}

/** What is refused here is named where it is opened. */
function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** The newest answer to the checkpoint. @param checkpoint `hash` of the node's own, where one counts. */
function openReceipts(
  receipts: readonly Uint8Array[],
  checkpoint: Uint8Array | undefined,
  tools: Tools,
): Receipt | undefined {
  const { by, crypto, findings } = tools;
  const opened = receipts.flatMap((payload) => {
    const receipt = findings.attempt({ subject: 'receipt', fault: 'forged' }, () =>
      readReceipt(payload, by, crypto),
    );
    return receipt !== undefined && isOfHour('receipt', receipt.body, tools) ? [receipt] : [];
  });
  const newest = opened.sort((a, b) => a.body.revision - b.body.revision).at(-1);
  if (newest === undefined) {
    findings.missing({ subject: 'receipt', text: 'no answer of the hub to the checkpoint is here' });
    return undefined;
  }
  const { body, signer } = newest;
  const answers = checkpoint && toHex(checkpoint);
  const found = toHex(body.checkpoint);
  if (answers !== undefined && answers !== found)
    findings.differs({
      ...{ subject: 'receipt', fault: 'forged', expected: answers, found },
      text: `${signer} answered another checkpoint than this one: one of the two is not what was sent`,
    });
  else findings.match({ subject: 'receipt', signer, text: `${signer} signed the same hour` });
  return body;
}

function readReceipt(
  payload: Uint8Array,
  { trust }: DocumentContext,
  crypto: Signatures,
): { body: Receipt; signer: string } {
  const { sealed, region, instance } = decode(sealedReceipt, payload);
  const { hubHour } = peek(receiptKind, sealed);
  const hub = instanceOfHour({ region, instance }, hubHour, trust, crypto);
  const body = open(receiptKind, sealed, crypto, hub.publicKey);
  return { body, signer: instanceName(hub) };
}

export function instanceName({ instance }: { readonly instance: string }): string {
  return `instance ${instance}`;
}

function openSettled({ settled }: EvidenceHour, tools: Tools): OpenedReceipt[] {
  const { by, crypto, findings } = tools;
  const opened = settled.flatMap((payload) => {
    const one = findings.attempt({ subject: 'settled', fault: 'root-unsigned' }, () =>
      openProvenReceipt(decode(provenReceipt, payload), by.trust, crypto),
    );
    return one !== undefined && isOfHour('settled', one.receipt, tools) ? [one] : [];
  });
  const generation = Math.max(...opened.map(({ root }) => rootGeneration(root)));
  const standing = opened.filter(({ root }) => rootGeneration(root) === generation);
  for (const { receipt, instance } of opened.filter((one) => !standing.includes(one)))
    findings.restsOn(instanceName(instance), {
      subject: 'settled',
      text: `revision ${receipt.revision} was settled anew since the region’s database was restored`,
    });
  for (const { receipt, root, instance } of standing)
    findings.match({
      ...{ subject: 'settled', signer: instanceName(instance) },
      text: `revision ${receipt.revision} is one of ${root.count} receipts under root ${root.number} of region ${root.region}`,
    });
  if (opened.length === 0)
    findings.missing({ subject: 'settled', text: 'no receipt of what this hour was paid is here' });
  return standing.sort((a, b) => a.receipt.revision - b.receipt.revision);
}

function isOfHour(
  subject: 'checkpoint' | 'receipt' | 'settled',
  found: { readonly nodeId: Uint8Array; readonly hubHour: number },
  { hour, by, findings }: Tools,
): boolean {
  if (found.hubHour === hour && equalBytes(found.nodeId, by.nodeId)) return true;
  findings.differs({
    ...{ subject, fault: 'other-hour' },
    expected: `hour ${hour} of node ${toHex(by.nodeId)}`,
    found: `hour ${found.hubHour} of node ${toHex(found.nodeId)}`,
    text: `the ${subject === 'settled' ? 'settled receipt' : subject} is of another hour or node`,
  });
  return false;
}
