import { join } from 'node:path';
import { fromBase64Url, fromHex, ProtocolError } from '@stoa/protocol';
import { MINT_CHAINS, type PlanOutline } from '@stoa/protocol/mint';
import { type EvidenceFile, readEvidenceFile } from '@stoa/protocol/stoicism';
import { type LargeDisk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { RegionTrusted } from '#mint/approver/borne-out.ts';
import type { ApproverEvidence } from '#mint/approver/recompute.ts';
import { type ApprovedCut, type ApprovedMint, refused } from '#mint/approver/region-ledger.ts';

/** An approver's own copy of what a region's mint rests on. */
export const EVIDENCE_FILES = {
  /** The plan that the hub asks to approve, as `stoa-hub mint plan DAY --json` prints it; deltas may be left out. */
  plan: (dir: string): string => join(dir, 'plan.json'),
  /** The lines of the ledger's dump. */
  ledger: (dir: string): string => join(dir, 'ledger.jsonl'),
  /** A `stoa-evidence-1` file of each node, a line each. */
  nodes: (dir: string): string => join(dir, 'nodes.jsonl'),
  /** Roots as the region's pages show them, base64url, a line each. */
  roots: (dir: string): string => join(dir, 'roots.txt'),
  /** Ten lists of account names in the order of their slots, read from the chains. */
  slots: (dir: string): string => join(dir, 'slots.json'),
  /** Written here: where the last approved cut ends, and what it takes of each account. */
  approved: (dir: string): string => join(dir, 'approved.json'),
} as const;

/** @throws SignerError `file_missing`, `mint_evidence`. */
export async function readEvidence(
  dir: string,
  { disk, ...trusted }: { disk: LargeDisk } & Omit<RegionTrusted, 'published'>,
): Promise<ApproverEvidence> {
  const published: Uint8Array[] = [];
  for await (const line of linesOf(EVIDENCE_FILES.roots(dir), disk)) published.push(fromBase64Url(line));
  return {
    ...{ ...trusted, published },
    asked: await readPlan(EVIDENCE_FILES.plan(dir), disk),
    approved: await readApprovedCut(dir, disk),
    slots: await readSlots(EVIDENCE_FILES.slots(dir), disk),
    ledger: linesOf(EVIDENCE_FILES.ledger(dir), disk),
    nodes: nodesOf(EVIDENCE_FILES.nodes(dir), disk),
  };
}

/** @throws SignerError `file_missing`, `mint_evidence` where it is no plan. */
async function readPlan(path: string, disk: LargeDisk): Promise<PlanOutline> {
  const plan = parsed(await requireText(path, disk), path) as Partial<PlanOutline>;
  const isChains = (chains: unknown): chains is PlanOutline['chains'] =>
    Array.isArray(chains) &&
    chains.every((chain) => Array.isArray(chain?.batches) && Array.isArray(chain?.bounds));
  const { epoch, cutId, points, chains } = plan;
  if (
    typeof epoch !== 'number' ||
    typeof cutId !== 'string' ||
    typeof points !== 'number' ||
    !isChains(chains)
  )
    throw refused(`${path} is no plan: 'stoa-hub mint plan DAY --json' prints one`);
  return { epoch, cutId, points, chains };
}

/** What the next run goes on from: hours up to there need no evidence any more. */
export async function saveApproved(
  dir: string,
  { sequence, hash, mint }: ApprovedCut,
  disk: LargeDisk,
): Promise<void> {
  const kept = { sequence, hash, mint: mint && { epoch: mint.epoch, points: [...mint.points] } };
  await disk.writeAtomic(EVIDENCE_FILES.approved(dir), `${JSON.stringify(kept)}\n`);
}

async function readApprovedCut(dir: string, disk: LargeDisk): Promise<ApprovedCut> {
  const path = EVIDENCE_FILES.approved(dir);
  const text = await readText(disk, path);
  if (text === undefined) return { sequence: 0, hash: '' };
  const { sequence, hash, mint } = parsed(text, path) as Partial<Record<keyof ApprovedCut, unknown>>;
  if (typeof sequence === 'number' && Number.isSafeInteger(sequence) && typeof hash === 'string') {
    if (mint === undefined) return { sequence, hash };
    if (isKeptMint(mint))
      return { sequence, hash, mint: { epoch: mint.epoch, points: new Map(mint.points) } };
  }
  throw refused(`${path} does not say where the last approved cut ends, and what it takes`);
}

function isKeptMint(
  value: unknown,
): value is Pick<ApprovedMint, 'epoch'> & { readonly points: readonly (readonly [string, number])[] } {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, points } = value as Partial<Record<keyof ApprovedMint, unknown>>;
  return (
    Number.isSafeInteger(epoch) &&
    Array.isArray(points) &&
    points.every(
      (each) => Array.isArray(each) && typeof each[0] === 'string' && Number.isSafeInteger(each[1]),
    )
  );
}

async function readSlots(path: string, disk: LargeDisk): Promise<readonly (readonly string[])[]> {
  const slots = parsed(await requireText(path, disk), path);
  const isSlots = (value: unknown): value is string[][] =>
    Array.isArray(value) &&
    value.length === MINT_CHAINS &&
    value.every((names) => Array.isArray(names) && names.every((name) => typeof name === 'string'));
  if (isSlots(slots)) return slots;
  throw refused(`${path} is not ${MINT_CHAINS} lists of account names`);
}

async function* nodesOf(path: string, disk: LargeDisk): AsyncGenerator<EvidenceFile> {
  for await (const line of linesOf(path, disk)) {
    try {
      yield readEvidenceFile(line);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw refused(`${path} has a line that is no evidence: ${cause.message}`, cause);
    }
  }
}

/** Never holds more than a line and a chunk. */
async function* linesOf(path: string, disk: LargeDisk): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of disk.readChunks(path)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

async function requireText(path: string, disk: LargeDisk): Promise<string> {
  const text = await readText(disk, path);
  if (text === undefined) throw new SignerError('file_missing', `${path} does not exist`);
  return text;
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refused(`${path} is no JSON`, cause);
  }
}

/** @throws SignerError `bad_argument`. */
export function parseFingerprint(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text);
  throw new SignerError('bad_argument', `'${text}' is no fingerprint of a region's root (64 hex digits)`);
}
