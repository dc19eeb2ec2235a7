import { dirname } from 'node:path';
import { encode, nodeCredential } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type EvidenceFile,
  type EvidenceHour,
  type HourReport,
  MAX_FORMER_KEYS,
  settledWords,
  verdictOf,
  verifyEvidence,
} from '@stoa/protocol/stoicism';
import { chainFindings } from '#earnings/chain-findings.ts';
import { damageFindings } from '#earnings/damage-findings.ts';
import {
  DAY_HOURS,
  type KeptEvidenceDeps,
  keptDays,
  type NodeFiles,
  readChainHead,
  readKept,
  settledOf,
} from '#earnings/kept-evidence.ts';
import { namedIn, ownBreakdowns, readOwnBenchmarks, scoredBy } from '#earnings/own-scores.ts';

/** Most that the warm-up is replayed from; a new node's takes one or two. */
const REPLAYED_DAYS = 7;
const LAST_MINUTE = 59n;

export interface DayEvidence {
  file: EvidenceFile;
  /** Of each hour of the day of which anything is here, ascending. */
  reports: HourReport[];
}

/**
 * Verifies what is kept of a day: the files to the byte, the node's own chain, and each hour as anybody would who has its
 * documents. @param documents What hashes in receipts stand for, as far as it is here.
 */
export async function verifyDay(
  deps: KeptEvidenceDeps,
  node: NodeFiles,
  { day, documents }: { day: number; documents: readonly Uint8Array[] },
): Promise<DayEvidence> {
  const days = await daysAround(deps, node.directory, day);
  const head = await readChainHead(deps.disk, node.directory);
  const kept = await readKept(deps, node.directory, days);
  const span = { from: day * DAY_HOURS, until: (day + 1) * DAY_HOURS };
  const isEnd = head !== undefined && head.hubHour < (days.at(-1)! + 1) * DAY_HOURS;
  const found = [...damageFindings(kept, span), ...chainFindings(kept.hours, isEnd ? head : undefined)];
  const own = await readOwnBenchmarks(deps.disk, dirname(node.directory), [
    node.cert.publicKey,
    ...node.formerKeys.map(({ publicKey }) => publicKey),
  ]);
  const named = namedIn(kept.hours.values(), [...documents, ...ownBreakdowns(own)]);
  // Of what comes after the day only the first hour matters, as a neighbour.
  const hours = [...kept.hours.values()].filter(({ hubHour }) => hubHour <= span.until);
  const file = fileOf(node, hours, named);
  const policy = {
    rootFingerprint: nodeCrypto.hash(node.identity.credential.root),
    scoredBy: (hour: EvidenceHour) => scoredBy(hour, own, named),
  };
  const reports = new Map<number, HourReport>();
  for (const report of verifyEvidence(file, policy, nodeCrypto)) reports.set(report.hubHour, report);
  for (const finding of found) {
    const { findings = [], mode } = reports.get(finding.hubHour) ?? {};
    const all = [finding, ...findings];
    reports.set(finding.hubHour, { hubHour: finding.hubHour, verdict: verdictOf(all), mode, findings: all });
  }
  const within = [...reports.values()].filter(({ hubHour }) => hubHour >= span.from && hubHour < span.until);
  return {
    file: { ...file, hours: file.hours.filter(({ hubHour }) => Math.floor(hubHour / DAY_HOURS) === day) },
    reports: within.sort((a, b) => a.hubHour - b.hubHour),
  };
}

/** The day, the one after it, and those before it as far back as the warm-up is to be replayed from. */
async function daysAround(deps: KeptEvidenceDeps, directory: string, day: number): Promise<number[]> {
  const days = await keptDays(deps.disk, directory);
  const around = [day, days.find((one) => one > day) ?? day + 1];
  for (const before of days.filter((one) => one < day).reverse()) {
    around.unshift(before);
    if (before <= day - REPLAYED_DAYS || (await endsWarmUp(deps, directory, before))) break;
  }
  return around;
}

/** Some hour of it ended with the hub's word that the warm-up was over: what is before that doesn't matter. */
async function endsWarmUp(deps: KeptEvidenceDeps, directory: string, day: number): Promise<boolean> {
  const settled = await settledOf(deps, directory, day);
  return settled.some((receipt) => settledWords(receipt).paid >> LAST_MINUTE !== 0n);
}

function fileOf(
  { identity, cert, formerKeys }: NodeFiles,
  hours: EvidenceHour[],
  documents: readonly Uint8Array[],
): EvidenceFile {
  const { region, credential } = identity;
  const parties = { region, nodeId: cert.nodeId, rootKey: credential.root };
  const own = {
    credential: encode(nodeCredential, credential),
    ...(formerKeys.length > 0 && { formerKeys: formerKeys.slice(-MAX_FORMER_KEYS) }),
  };
  return { ...parties, ...own, hours, documents };
}
