import type { AuditLog } from '#audit/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { type Finding, Findings } from './findings.ts';
import { ImportReader } from './reader.ts';
import { Staging } from './staging.ts';
import { type Tallies, writeRows } from './writer.ts';

/** Two imports at once would each judge what the other is about to change. */
const IMPORT_LOCK = 7_403_302;

export interface ImportDeps {
  readonly sql: Sql;
  readonly audit: AuditLog;
  readonly clock: Pick<Clock, 'now'>;
  /** Of this hub: a file of another region is refused. */
  readonly region: string;
  readonly actor: string;
}

export interface ImportReport {
  /** Whether nothing stands against it. */
  readonly ok: boolean;
  readonly dryRun: boolean;
  /** Of the file, hex. */
  readonly sha256: string;
  /** What was, or in a dry run would be done; undefined where there are problems. */
  readonly done: Tallies | undefined;
  readonly notices: readonly Finding[];
  readonly noticeCount: number;
  /** The first hundred; `problemCount` counts all. */
  readonly problems: readonly Finding[];
  readonly problemCount: number;
}

/**
 * Takes over what another hub exported, in one transaction: all of it, or where anything is wrong nothing. A dry run is
 * the same run, rolled back at its end: what it counts is what would be done.
 */
export async function runImport(
  deps: ImportDeps,
  file: AsyncIterable<Uint8Array>,
  { dryRun }: { dryRun: boolean },
): Promise<ImportReport> {
  let report: ImportReport | undefined;
  try {
    await deps.sql.begin(async (tx) => {
      report = await imported(deps, tx, file, dryRun);
      if (dryRun || !report.ok) throw new RolledBack();
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  return report!;
}

/** Ends a transaction of which nothing is to stay. */
class RolledBack extends Error {
  override readonly name = 'RolledBack';
}

async function imported(
  { audit, clock, region, actor }: ImportDeps,
  tx: TransactionSql,
  file: AsyncIterable<Uint8Array>,
  dryRun: boolean,
): Promise<ImportReport> {
  const [problems, notices] = [new Findings(), new Findings()];
  await tx`select pg_advisory_xact_lock(${IMPORT_LOCK})`;
  const reader = new ImportReader(problems);
  const staging = new Staging(tx);
  await staging.fill(reader.rows(file));
  const { header, sha256 } = reader;
  if (header !== undefined && header.region !== region)
    problems.add('other_region', 1, `region '${header.region}': '${region}' expected, this hub's`);
  await staging.check(problems);
  await staging.notice(notices);
  const ok = problems.count === 0;
  const done = ok ? await writeRows(tx, clock.now()) : undefined;
  if (done !== undefined && !dryRun)
    await audit.appendIn(tx, {
      actor,
      act: 'import.run',
      subject: sha256,
      detail: { exportedAt: header?.exportedAt, ...counts(done), notices: notices.count },
    });
  return {
    ...{ ok, dryRun, sha256, done },
    ...{ notices: notices.shown, noticeCount: notices.count },
    ...{ problems: problems.shown, problemCount: problems.count },
  };
}

function counts(done: Tallies): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(done).map(([what, { made, changed, left }]) => [what, { made, changed, left }]),
  );
}
