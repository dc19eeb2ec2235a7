import { createReadStream } from 'node:fs';
import { nodeCrypto } from '@stoa/protocol/node';
import { type ExportReport, verifyExport } from '../audit/index.ts';
import { HubError } from '../error.ts';
import type { CommandContext } from './context.ts';
import { rootOption } from './root-option.ts';

/** `stoa-hub audit verify FILE`: reads the file and nothing else. */
export async function auditVerify(
  { json, out, stdin }: CommandContext,
  file: string,
  options: { root?: string },
): Promise<void> {
  const rootFingerprint = rootOption(options.root);
  const report = await verifyExport(file === '-' ? stdin : createReadStream(file), {
    crypto: nodeCrypto,
    rootFingerprint,
  });
  if (json) out(JSON.stringify({ ...report, rootChecked: rootFingerprint !== undefined }));
  else for (const line of told(report, rootFingerprint !== undefined)) out(line);
  if (!report.ok)
    throw new HubError(
      'export_differs',
      `${file} is not as it was exported: ${report.problemCount} problems`,
      {
        retry: false,
      },
    );
}

function told(report: ExportReport, rootChecked: boolean): string[] {
  const { manifest, problems, problemCount } = report;
  const about = manifest
    ? `${report.rows} rows (${manifest.from} to ${manifest.to}, ${manifest.scope.kind === 'all' ? 'everything' : `of ${manifest.scope.email}`}), ` +
      `made ${manifest.madeAt} by ${manifest.by} at ${manifest.hub} of region ${manifest.region}`
    : `${report.rows} rows`;
  const listed = problems.map(
    ({ code, line, message }) =>
      `${line === undefined ? 'whole file' : `line ${line}`}: ${message} [${code}]`,
  );
  const more = problemCount - problems.length;
  if (!report.ok) return [about, ...listed, ...(more > 0 ? [`and ${more} more`] : [])];
  const root = rootChecked
    ? 'It descends from the root that you named.'
    : `It descends from root ${report.root}: compare that with the fingerprint that you know (--root checks it).`;
  return [`Verified: ${about}.`, root];
}
