import { join } from 'node:path';
import { equalBytes, jobResultKind, open, peek, toHex, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type Benchmark,
  type EvidenceHour,
  formatBreakdown,
  type HourContext,
  newestReceipt,
  readBenchmark,
  readBreakdown,
  ScoreError,
  SEED_BASELINES,
  serverScore,
} from '@stoa/protocol/stoicism';
import { type Disk, readText } from '#disk.ts';
import { readable } from '#earnings/kept-evidence.ts';
import { parseRecords } from '#record-line.ts';
import { answeredKind } from '#work/result-log.ts';

/** A benchmark of this node, by its own signed result. */
export interface OwnBenchmark {
  /** As a UUID. */
  jobId: string;
  attempt: number;
  benchmark: Benchmark;
  /** By a key of the node; of one that is gone it says what was measured, and proves it no more. */
  isSigned: boolean;
}

/** Of the results that are kept with their receipts. @param directory Of the node. @param keys Public, of the node: of now and of before. */
export async function readOwnBenchmarks(
  disk: Disk,
  directory: string,
  keys: readonly Uint8Array[],
): Promise<OwnBenchmark[]> {
  const results = join(directory, 'work', 'results');
  const found: OwnBenchmark[] = [];
  for (const name of await disk.list(results)) {
    const text = (await readText(disk, join(results, name))) ?? '';
    for (const { result } of parseRecords(answeredKind, text)) found.push(...benchmarkIn(result, keys));
  }
  return found;
}

/**
 * The breakdowns that these benchmarks have under the published table, where the hub's clock allowed all that they say: a hub
 * that counted so names the very same bytes, and then nothing of the score rests on its word.
 */
export function ownBreakdowns(own: readonly OwnBenchmark[]): Uint8Array[] {
  return own.flatMap(({ jobId, attempt, benchmark }) => {
    const { claimed, hwType, committedGb } = benchmark;
    return (['policy', 'reviewed'] as const).map((limits) => {
      const of = { jobId, attempt, baselineVersion: 0, hwType, limits, committedGb };
      return utf8(formatBreakdown(of, serverScore(claimed, SEED_BASELINES, hwType, limits)));
    });
  });
}

/** Of documents those that the receipts of these hours name. */
export function namedIn(hours: Iterable<EvidenceHour>, documents: readonly Uint8Array[]): Uint8Array[] {
  const named = new Set(
    [...hours].flatMap((hour) => newestReceipt(hour)?.evidence ?? []).map(({ hash }) => toHex(hash)),
  );
  const byHash = new Map(documents.map((document) => [toHex(nodeCrypto.hash(document)), document]));
  return [...byHash].flatMap(([hash, document]) => (named.has(hash) ? [document] : []));
}

/** What this node knows of the score of an hour: its own result, and the table where that is the published one. */
export function scoredBy(
  hour: EvidenceHour,
  own: readonly OwnBenchmark[],
  documents: readonly Uint8Array[],
): Pick<HourContext, 'benchmark' | 'baselines'> {
  const hash = newestReceipt(hour)?.evidence.find(({ kind }) => kind === 'score')?.hash;
  const document = hash && documents.find((one) => equalBytes(nodeCrypto.hash(one), hash));
  const breakdown = document && readable(() => readBreakdown(document));
  if (breakdown === undefined) return {};
  const { jobId, attempt, baselineVersion } = breakdown;
  const known = own.find((one) => one.jobId === jobId && one.attempt === attempt);
  return {
    ...(known === undefined && { benchmark: 'unknown' }),
    ...(known?.isSigned && { benchmark: known.benchmark }),
    ...(baselineVersion === 0 && { baselines: SEED_BASELINES }),
  };
}

function benchmarkIn(sealed: Uint8Array, keys: readonly Uint8Array[]): OwnBenchmark[] {
  const signed = firstOf(keys, (key) => readable(() => open(jobResultKind, sealed, nodeCrypto, key)));
  const result = signed ?? readable(() => peek(jobResultKind, sealed));
  if (result?.kind !== 'benchmark-node' || result.outcome !== 'succeeded') return [];
  try {
    const benchmark = readBenchmark(JSON.parse(result.report) as Record<string, unknown>);
    return [
      { jobId: uuidOf(result.jobId), attempt: result.attempt, benchmark, isSigned: signed !== undefined },
    ];
  } catch (error) {
    // What it measured can't be scored, by the hub neither.
    if (error instanceof ScoreError || error instanceof SyntaxError) return [];
    throw error;
  }
}

function firstOf<T, R>(all: readonly T[], read: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = read(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function uuidOf(id: Uint8Array): string {
  return toHex(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
