import { join } from 'node:path';
import {
  checkpointKind,
  decode,
  encode,
  HUB_FRAMES,
  LIMITS,
  type NodeCert,
  nodeCertKind,
  nodeCredential,
  ProtocolError,
  peek,
  receiptKind,
  type SettledReceipt,
  settledReceipt,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { EvidenceHour, FormerKey } from '@stoa/protocol/stoicism';
import { type Disk, FileMissingError, readText } from '#disk.ts';
import { type DamagedLine, readStrictly } from '#earnings/strict-lines.ts';
import { type ChainLink, headKind } from '#evidence/checkpoint-chain.ts';
import { dayFile, hourRecordKind } from '#evidence/hour-logs.ts';
import { HOUR_MS } from '#evidence/hub-time.ts';
import { type Proof, proofKind } from '#evidence/receipt-log.ts';
import { settledKind } from '#evidence/settled-receipts.ts';
import { certOf, formerKind, type Identity, identityDirectory, identityKind } from '#identity/identity.ts';
import { formerPath, identityPath, nodeDirectory } from '#identity/identity-store.ts';
import { ifWhole, parseRecords, readRecord } from '#record-line.ts';

export const DAY_HOURS = 24;

/** What a file holds of an hour. */
export type KeptWhat = 'checkpoint and receipt' | 'own record' | 'settled receipt';

export interface Damage extends DamagedLine {
  what: KeptWhat;
}

/** All that this node kept of some hours. */
export interface Kept {
  /** By hour. */
  hours: Map<number, EvidenceHour>;
  damaged: Damage[];
}

export interface NodeFiles {
  identity: Identity;
  cert: NodeCert;
  /** Keys that it signed with before, the oldest first. */
  formerKeys: FormerKey[];
  /** `evidence` below the node's directory. */
  directory: string;
}

export interface KeptEvidenceDeps {
  disk: Disk;
  /** Waits until the running agent has ended a line that it is writing. */
  settle: () => Promise<void>;
}

/** As `IdentityStore`, but it changes nothing: the agent may run beside it. Undefined where there is none. @throws RecordDamagedError */
export async function findNode(
  disk: Disk,
  config: Parameters<typeof identityDirectory>[0],
): Promise<NodeFiles | undefined> {
  const root = identityDirectory(config);
  const identity = await readRecord(disk, identityPath(root), identityKind);
  if (identity === undefined) return undefined;
  const cert = certOf(identity);
  const directory = nodeDirectory(root, cert.nodeId);
  const text = (await readText(disk, formerPath(directory))) ?? '';
  const formerKeys = parseRecords(formerKind, text).map(({ credential, at }) => {
    const { publicKey, issuedAt: since } = peek(nodeCertKind, credential.node);
    const proof = encode(nodeCredential, credential);
    return { publicKey, credential: proof, since, until: at + LIMITS.oldKeyMs };
  });
  return { identity, cert, formerKeys, directory: join(directory, 'evidence') };
}

/** @param days since 1970. */
export async function readKept(
  deps: KeptEvidenceDeps,
  directory: string,
  days: readonly number[],
): Promise<Kept> {
  const kept: Kept = { hours: new Map(), damaged: [] };
  // First what goes from there into the files of days: the agent may be about to move it.
  await readSpool(deps.disk, join(directory, 'spool'), days, kept);
  for (const day of days) await readDay(deps, directory, day, kept);
  return { ...kept, hours: new Map([...kept.hours].sort(([a], [b]) => a - b)) };
}

/** Days since 1970 of which there are checkpoints, ascending. */
export async function keptDays(disk: Disk, directory: string): Promise<number[]> {
  const names = await disk.list(join(directory, 'log'));
  return names
    .flatMap((name) => (/^\d{4}-\d\d-\d\d\.log$/.test(name) ? [Date.parse(name.slice(0, 10))] : []))
    .map((ms) => ms / (DAY_HOURS * HOUR_MS));
}

/** The end of the node's own chain. */
export function readChainHead(disk: Disk, directory: string): Promise<ChainLink | undefined> {
  return ifWhole(readRecord(disk, join(directory, 'head'), headKind));
}

async function readDay(
  { disk, settle }: KeptEvidenceDeps,
  directory: string,
  day: number,
  { hours, damaged }: Kept,
): Promise<void> {
  const name = dayFile(day * DAY_HOURS);
  const hour = (hubHour: number): EvidenceHour =>
    hours.get(hubHour) ?? { hubHour, receipts: [], settled: [] };
  const note = (what: KeptWhat, lines: readonly DamagedLine[]): void => {
    damaged.push(...lines.map((line) => ({ ...line, what })));
  };

  const proofs = await readStrictly(
    disk,
    { path: join(directory, 'log', name), kind: proofKind, hourOf: hourOfProof },
    settle,
  );
  for (const { checkpoint, receipt } of proofs.records) {
    const of = hour(hourOfProof({ checkpoint, receipt }));
    const answer = receipt.sealed.length === 0 ? [] : [encode(HUB_FRAMES.receipt, receipt)];
    const own = checkpoint.length === 0 ? {} : { checkpoint };
    hours.set(of.hubHour, { ...of, ...own, receipts: distinct([...of.receipts, ...answer]) });
  }
  note('checkpoint and receipt', proofs.damaged);

  const records = await readStrictly(
    disk,
    { path: join(directory, 'hour-logs', name), kind: hourRecordKind, hourOf: ({ hubHour }) => hubHour },
    settle,
  );
  for (const record of records.records) {
    const of = hour(record.hubHour);
    const log = encode(hourRecordKind.codec, record);
    if (of.log === undefined || commitsTo(of, log)) hours.set(record.hubHour, { ...of, log });
  }
  note('own record', records.damaged);

  const settled = await readSettled({ disk, settle }, directory, day);
  for (const proven of settled.records) {
    const of = hour(hourOfSettled(proven));
    const payload = encode(HUB_FRAMES.settledReceipt, proven);
    hours.set(of.hubHour, { ...of, settled: distinct([...of.settled, payload]) });
  }
  note('settled receipt', settled.damaged);
}

function readSettled({ disk, settle }: KeptEvidenceDeps, directory: string, day: number) {
  const path = join(directory, 'settled', dayFile(day * DAY_HOURS));
  return readStrictly(disk, { path, kind: settledKind, hourOf: hourOfSettled }, settle);
}

/** What the region settled of a day, and nothing else of it. */
export async function settledOf(
  deps: KeptEvidenceDeps,
  directory: string,
  day: number,
): Promise<SettledReceipt[]> {
  const { records } = await readSettled(deps, directory, day);
  return records.flatMap(({ body }) => readable(() => decode(settledReceipt, body)) ?? []);
}

/** Checkpoints that have no receipt yet. */
async function readSpool(disk: Disk, directory: string, days: readonly number[], { hours, damaged }: Kept) {
  for (const name of await disk.list(directory)) {
    const path = join(directory, name);
    const checkpoint = await disk.readFile(path).catch(ifMissing);
    if (checkpoint === undefined) continue;
    const hubHour = readable(() => peek(checkpointKind, checkpoint).hubHour);
    if (hubHour === undefined)
      damaged.push({ path, what: 'checkpoint and receipt', before: undefined, after: undefined });
    else if (days.includes(Math.floor(hubHour / DAY_HOURS))) {
      const of = hours.get(hubHour) ?? { hubHour, receipts: [], settled: [] };
      hours.set(hubHour, { checkpoint, ...of });
    }
  }
}

/** Its receipt has come meanwhile. */
function ifMissing(error: unknown): undefined {
  if (!(error instanceof FileMissingError)) throw error;
}

function hourOfProof({ checkpoint, receipt }: Proof): number {
  const hour = readable(() =>
    checkpoint.length > 0
      ? peek(checkpointKind, checkpoint).hubHour
      : peek(receiptKind, receipt.sealed).hubHour,
  );
  return hour ?? 0;
}

function hourOfSettled({ body }: { body: Uint8Array }): number {
  return readable(() => decode(settledReceipt, body).hubHour) ?? 0;
}

/** A crash may have left two: the one that was signed is meant. */
function commitsTo({ checkpoint }: EvidenceHour, log: Uint8Array): boolean {
  const signed = checkpoint && readable(() => peek(checkpointKind, checkpoint).inputsDigest);
  return signed === undefined || toHex(signed) === toHex(nodeCrypto.hash(log));
}

function distinct(payloads: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(payloads.map((payload) => [toHex(nodeCrypto.hash(payload)), payload])).values()];
}

export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
