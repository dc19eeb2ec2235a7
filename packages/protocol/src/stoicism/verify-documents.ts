import { equalBytes, toHex } from '../bytes.ts';
import { decodeExact } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { type Checkpoint, checkpointKind } from '../evidence/checkpoint.ts';
import { type Receipt, receiptKind } from '../evidence/receipt.ts';
import {
  type OpenedReceipt,
  openProvenReceipt,
  provenReceipt,
  type RegionTrust,
} from '../evidence/settled-receipt.ts';
import { verifyHubChain } from '../identity/hub-chain.ts';
import { sealedReceipt } from '../messages/control.ts';
import { open, peek } from '../signed.ts';
import type { EvidenceHour } from './evidence-file.ts';
import type { Findings } from './findings.ts';

const HOUR_MS = 3_600_000;

export interface DocumentContext {
  readonly nodeId: Uint8Array;
  /** Public keys that the node signs or signed with. Without one its checkpoint is read and not verified. */
  readonly nodeKeys: readonly Uint8Array[];
  readonly trust: RegionTrust;
}

/** What an hour's documents say, each checked for its signature, its node and its hour. */
export interface OpenedHour {
  readonly checkpoint: Checkpoint | undefined;
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
  const checkpoint = openCheckpoint(evidence.checkpoint, tools);
  return {
    checkpoint,
    receipt: openReceipts(evidence, tools),
    settled: openSettled(evidence, tools),
  };
}

interface Tools {
  readonly hour: number;
  readonly by: DocumentContext;
  readonly crypto: Signatures;
  readonly findings: Findings;
}

function openCheckpoint(sealed: Uint8Array | undefined, tools: Tools): Checkpoint | undefined {
  const { by, crypto, findings } = tools;
  if (sealed === undefined) {
    findings.missing({
      subject: 'checkpoint',
      text: 'the node signed nothing about this hour, or it is not here',
    });
    return undefined;
  }
  const checkpoint = findings.attempt({ subject: 'checkpoint', fault: 'forged' }, () =>
    by.nodeKeys.length === 0 ? peek(checkpointKind, sealed) : openByAny(sealed, by.nodeKeys, crypto),
  );
  if (checkpoint === undefined || !isOfHour('checkpoint', checkpoint, tools)) return undefined;
  const signer = `node ${toHex(by.nodeId)}`;
  const text = `the node signed ${checkpoint.number === 1 ? 'its first checkpoint' : `checkpoint ${checkpoint.number}`}`;
  if (by.nodeKeys.length === 0)
    findings.restsOn(signer, { subject: 'checkpoint', text: `${text}; its key is not here to verify it by` });
  else findings.match({ subject: 'checkpoint', signer, text });
  return checkpoint;
}

function openByAny(sealed: Uint8Array, keys: readonly Uint8Array[], crypto: Signatures): Checkpoint {
  const key = keys.find((one) => opens(sealed, one, crypto)) ?? keys[0]!;
  return open(checkpointKind, sealed, crypto, key);
}

function opens(sealed: Uint8Array, key: Uint8Array, crypto: Signatures): boolean {
  try {
    open(checkpointKind, sealed, crypto, key);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

/** The newest answer to the checkpoint. */
function openReceipts({ checkpoint, receipts }: EvidenceHour, tools: Tools): Receipt | undefined {
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
  const answers = checkpoint === undefined ? undefined : toHex(crypto.hash(checkpoint));
  const found = toHex(body.checkpoint);
  if (answers !== undefined && answers !== found)
    findings.differs({
      ...{ subject: 'receipt', fault: 'forged', signer, expected: answers, found },
      text: 'the hub answered another checkpoint than this one',
    });
  else findings.match({ subject: 'receipt', signer, text: `${signer} signed the same hour` });
  return body;
}

function readReceipt(
  payload: Uint8Array,
  { trust }: DocumentContext,
  crypto: Signatures,
): { body: Receipt; signer: string } {
  const { sealed, region, instance } = decodeExact(sealedReceipt, payload);
  const { hubHour } = peek(receiptKind, sealed);
  const policy = {
    rootFingerprint: crypto.hash(trust.root),
    ...{ region: trust.region, timeFloor: hubHour * HOUR_MS, minInstanceSerial: 0 },
  };
  const hub = verifyHubChain({ root: trust.root, region, instance }, policy, crypto);
  const body = open(receiptKind, sealed, crypto, hub.instance.publicKey);
  return { body, signer: instanceName(hub.instance) };
}

export function instanceName({ instance }: { readonly instance: string }): string {
  return `instance ${instance}`;
}

function openSettled({ settled }: EvidenceHour, tools: Tools): OpenedReceipt[] {
  const { by, crypto, findings } = tools;
  const opened = settled.flatMap((payload) => {
    const one = findings.attempt({ subject: 'settled', fault: 'root-unsigned' }, () =>
      openProvenReceipt(decodeExact(provenReceipt, payload), by.trust, crypto),
    );
    return one !== undefined && isOfHour('settled', one.receipt, tools) ? [one] : [];
  });
  for (const { receipt, root, instance } of opened)
    findings.match({
      ...{ subject: 'settled', signer: instanceName(instance) },
      text: `revision ${receipt.revision} is one of ${root.count} receipts under root ${root.number} of region ${root.region}`,
    });
  if (opened.length === 0)
    findings.missing({ subject: 'settled', text: 'no receipt of what this hour was paid is here' });
  return opened.sort((a, b) => a.receipt.revision - b.receipt.revision);
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
