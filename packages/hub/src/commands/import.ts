import { createReadStream } from 'node:fs';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { type Finding, ImportError, type ImportReport, runImport } from '../import/index.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub import FILE`: beside a running hub. @throws {ImportError} `import_refused` after the problems were told. */
export async function importFile(
  context: CommandContext,
  file: string,
  { dryRun }: { dryRun: boolean },
): Promise<void> {
  const { config, json, out, stdin } = context;
  const report = await besideHub(context, ({ sql }) =>
    runImport(
      {
        sql,
        audit: new AuditLog({ sql, clock: systemClock }),
        clock: systemClock,
        region: config.region,
        actor: COMMAND_LINE,
      },
      file === '-' ? stdin : createReadStream(file),
      { dryRun },
    ),
  );
  if (json) out(JSON.stringify(report));
  else for (const line of told(report)) out(line);
  if (!report.ok)
    throw new ImportError(
      'import_refused',
      `${file} has ${report.problemCount} problems; nothing was written: mend them and start again`,
    );
}

function told(report: ImportReport): string[] {
  const lines = [
    ...listed(report.notices, report.noticeCount),
    ...listed(report.problems, report.problemCount),
  ];
  if (report.done === undefined) return lines;
  for (const [what, { made, changed, left, sample }] of Object.entries(report.done)) {
    const such =
      sample.length === 0 ? '' : ` (${sample.join(', ')}${made + changed > sample.length ? ', …' : ''})`;
    lines.push(`${what}: ${made} made, ${changed} changed, ${left} left as they are${such}`);
  }
  lines.push(
    report.dryRun
      ? 'That is what would be done; nothing was written.'
      : `Imported ${report.sha256}. The accounts have no password: they ask for a reset link at sign-in, or get one by stoa-hub admin reset-link.`,
  );
  return lines;
}

function listed(findings: readonly Finding[], count: number): string[] {
  const lines = findings.map(
    ({ code, line, message }) =>
      `${line === undefined ? 'whole file' : `line ${line}`}: ${message} [${code}]`,
  );
  return count > findings.length ? [...lines, `and ${count - findings.length} more`] : lines;
}
