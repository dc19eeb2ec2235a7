import { fromBase64Url, fromHex, toBase64Url, toHex } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';

/*
 * What anybody needs to recompute hours of one node: `stoa-agent earnings … --export FILE` and the console's proof downloads
 * write it, the agent and the browser read it. JSON, so that people can look into it; each document stands in it as the bytes
 * that were signed or hashed, base64url: a field that is translated can't be verified. Nothing in it is secret, but the node's own
 * log names its host and arguments.
 *
 * Older readers refuse a newer format; fields that they don't know are left unread.
 */

export const EVIDENCE_FORMAT = 'stoa-evidence-1';
/** A day with the node's own log takes about 2 MB. */
export const MAX_EVIDENCE_BYTES: number = 32 * 2 ** 20;
/** Thirty-one days. */
export const MAX_EVIDENCE_HOURS = 744;
const MAX_DOCUMENTS = 64;
export const MAX_FORMER_KEYS = 64;
/** In the year 2243: what is later is no hour of a node, and past the end of what a `Date` can say may be shown by nobody. */
const LAST_HOUR = 2_400_000;
const HOUR_MS = 3_600_000;

export interface EvidenceHour {
  /** Whole hours since 1970 by the hub's clock. */
  readonly hubHour: number;
  /** `checkpointKind`, sealed by the node. */
  readonly checkpoint?: Uint8Array;
  /** `sealedReceipt`, encoded: what the hub answered to the checkpoint. */
  readonly receipts: readonly Uint8Array[];
  /** `provenReceipt`, encoded: what the close paid, with its path to a signed root; by revision. */
  readonly settled: readonly Uint8Array[];
  /** The node's own record of the hour; its digest stands in the checkpoint. */
  readonly log?: Uint8Array;
}

/** A key that the node signed with before the one of now. */
export interface FormerKey {
  readonly publicKey: Uint8Array;
  /** `nodeCredential`, which proves it. Its first key needs none: the node's id is the hash of it. */
  readonly credential?: Uint8Array;
  /** In force from then, and good until then: milliseconds since 1970, by the word of who wrote the file. */
  readonly since: number;
  readonly until: number;
}

export interface EvidenceFile {
  readonly region: string;
  readonly nodeId: Uint8Array;
  /** Public key of the offline root, by the word of who wrote the file: its `hash` is what a reader has from elsewhere. */
  readonly rootKey: Uint8Array;
  /** `nodeCredential`: under which key it signs checkpoints. The node has it. */
  readonly credential?: Uint8Array;
  /** Its public key, for who has no credential: the id of a node that has changed no key yet is the hash of it. */
  readonly nodeKey?: Uint8Array;
  /** Those of the file's hours. */
  readonly formerKeys?: readonly FormerKey[];
  /** Ascending, each once. */
  readonly hours: readonly EvidenceHour[];
  /** What hashes in the hours' documents stand for: score breakdowns, sealed reports of dial-backs. In any order. */
  readonly documents: readonly Uint8Array[];
}

/** @returns JSON with an hour a line, ending in a line feed. */
export function formatEvidenceFile(file: EvidenceFile): string {
  const head = {
    format: EVIDENCE_FORMAT,
    region: file.region,
    node: toHex(file.nodeId),
    rootKey: toHex(file.rootKey),
    ...(file.credential && { credential: toBase64Url(file.credential) }),
    ...(file.nodeKey && { nodeKey: toHex(file.nodeKey) }),
    ...(file.formerKeys && { formerKeys: file.formerKeys.map(formatFormer) }),
    documents: file.documents.map(toBase64Url),
  };
  const hours = file.hours.map((hour) =>
    JSON.stringify({
      hour: hour.hubHour,
      ...(hour.checkpoint && { checkpoint: toBase64Url(hour.checkpoint) }),
      receipts: hour.receipts.map(toBase64Url),
      settled: hour.settled.map(toBase64Url),
      ...(hour.log && { log: toBase64Url(hour.log) }),
    }),
  );
  const lines = hours.length === 0 ? '' : `\n${hours.join(',\n')}\n`;
  return `${JSON.stringify(head).slice(0, -1)},"hours":[${lines}]}\n`;
}

/** @throws ProtocolError `malformed`, naming the field; `too_large`. Whether anything in it holds is not looked at. */
export function readEvidenceFile(text: string): EvidenceFile {
  if (text.length > MAX_EVIDENCE_BYTES)
    throw new ProtocolError('too_large', `${text.length} characters (at most ${MAX_EVIDENCE_BYTES})`);
  const file = fieldsOf(parsed(text), 'the file');
  if (file['format'] !== EVIDENCE_FORMAT)
    throw malformed(
      'format',
      file['format'],
      `'${EVIDENCE_FORMAT}': another program wrote it, or a newer one`,
    );
  const hours = listOf(file['hours'], 'hours', MAX_EVIDENCE_HOURS).map(readHour);
  for (const [at, { hubHour }] of hours.entries())
    if (at > 0 && hubHour <= hours[at - 1]!.hubHour)
      throw malformed(`hours[${at}].hour`, hubHour, `more than ${hours[at - 1]!.hubHour}`);
  return {
    region: textOf(file['region'], 'region'),
    nodeId: id(file['node'], 'node'),
    rootKey: id(file['rootKey'], 'rootKey'),
    ...(file['credential'] !== undefined && { credential: bytesOf(file['credential'], 'credential') }),
    ...(file['nodeKey'] !== undefined && { nodeKey: id(file['nodeKey'], 'nodeKey') }),
    ...(file['formerKeys'] !== undefined && {
      formerKeys: listOf(file['formerKeys'], 'formerKeys', MAX_FORMER_KEYS).map(readFormer),
    }),
    hours,
    documents: documentsOf(file['documents'], 'documents', MAX_EVIDENCE_HOURS * MAX_DOCUMENTS),
  };
}

function formatFormer({ publicKey, credential, since, until }: FormerKey): object {
  return { key: toHex(publicKey), ...(credential && { credential: toBase64Url(credential) }), since, until };
}

function readFormer(value: unknown, at: number): FormerKey {
  const where = `formerKeys[${at}]`;
  const key = fieldsOf(value, where);
  return {
    publicKey: id(key['key'], `${where}.key`),
    ...(key['credential'] !== undefined && {
      credential: bytesOf(key['credential'], `${where}.credential`),
    }),
    since: instantOf(key['since'], `${where}.since`),
    until: instantOf(key['until'], `${where}.until`),
  };
}

function readHour(value: unknown, at: number): EvidenceHour {
  const where = `hours[${at}]`;
  const hour = fieldsOf(value, where);
  const hubHour = hour['hour'];
  if (typeof hubHour !== 'number' || !Number.isInteger(hubHour) || hubHour < 0 || hubHour > LAST_HOUR)
    throw malformed(`${where}.hour`, hubHour, `whole hours since 1970, at most ${LAST_HOUR}`);
  return {
    hubHour,
    ...(hour['checkpoint'] !== undefined && {
      checkpoint: bytesOf(hour['checkpoint'], `${where}.checkpoint`),
    }),
    receipts: documentsOf(hour['receipts'], `${where}.receipts`, MAX_DOCUMENTS),
    settled: documentsOf(hour['settled'], `${where}.settled`, MAX_DOCUMENTS),
    ...(hour['log'] !== undefined && { log: bytesOf(hour['log'], `${where}.log`) }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError('malformed', 'the file is no JSON: it was cut off, or is another file', {
      cause,
    });
  }
}

function fieldsOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(name, value, 'an object');
  return value as Record<string, unknown>;
}

function listOf(value: unknown, name: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw malformed(name, value, `a list of at most ${most}`);
  return value;
}

/** A list that is left out is empty. */
function documentsOf(value: unknown, name: string, most: number): Uint8Array[] {
  return listOf(value ?? [], name, most).map((one, at) => bytesOf(one, `${name}[${at}]`));
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > 64) throw malformed(name, value, 'a text of at most 64');
  return value;
}

function instantOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > LAST_HOUR * HOUR_MS)
    throw malformed(name, value, 'milliseconds since 1970');
  return value;
}

function id(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value))
    throw malformed(name, value, '64 hex digits');
  return fromHex(value);
}

function bytesOf(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string') throw malformed(name, value, 'base64url');
  try {
    return fromBase64Url(value);
  } catch (cause) {
    throw new ProtocolError('malformed', `${name} is no base64url`, { cause });
  }
}

function malformed(name: string, found: unknown, expected: string): ProtocolError {
  const shown = Array.isArray(found)
    ? `a list of ${found.length}`
    : String(JSON.stringify(found)).slice(0, 40);
  return new ProtocolError('malformed', `${name} is ${shown} (expected ${expected})`);
}
