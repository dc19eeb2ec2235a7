import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OtaCase } from './case.ts';
import { FILES } from './disks.ts';
import { JOURNAL_STEPS } from './journal-steps.ts';
import { METADATA } from './metadata.ts';
import { PAYLOADS } from './payloads.ts';
import { buildPrograms } from './programs.ts';
import { RUNTIMES } from './runtimes.ts';
import { CaseFailure, Site } from './site.ts';

/** Everything that must not brick a node. */
export const OTA_CASES: readonly OtaCase[] = [
  ...JOURNAL_STEPS,
  ...PAYLOADS,
  ...FILES,
  ...RUNTIMES,
  ...METADATA,
];

export interface CaseResult {
  readonly name: string;
  readonly result: 'held' | 'dead' | 'wrong_accept';
  /** Of what did not hold. */
  readonly why: string;
  readonly ms: number;
}

/** Runs them one after another, each on an installation of its own. */
export async function runOtaCases(
  cases: readonly OtaCase[],
  onResult: (result: CaseResult) => void = () => undefined,
): Promise<CaseResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stoa-ota-programs-'));
  try {
    const programs = await buildPrograms(directory);
    const results: CaseResult[] = [];
    for (const one of cases) {
      const result = await runCase(one, new Site(programs));
      results.push(result);
      onResult(result);
    }
    return results;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runCase({ name, run }: OtaCase, made: Site): Promise<CaseResult> {
  using site = made;
  const begun = performance.now();
  const result = (kind: CaseResult['result'], why = ''): CaseResult => ({
    name,
    result: kind,
    why,
    ms: Math.round(performance.now() - begun),
  });
  try {
    await run(site);
    return result('held');
  } catch (error) {
    // What a case could not even do is as bad as a node that is dead: nothing is known of it.
    if (error instanceof CaseFailure) return result(error.kind, error.message);
    return result('dead', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
