import { createReadStream } from 'node:fs';
import { fromHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type ExportReport, verifyExport } from '../audit/index.ts';
import { HubError } from '../error.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub audit verify FILE`: reads the file and nothing else. */
export async function auditVerify(
  { json, out, stdin }: CommandContext,
  file: string,
  options: { root?: string },
): Promise<void> {
  const root = options.root?.toLowerCase();
  if (root !== undefined && !/^[0-9a-f]{64}$/.test(root))
    throw new HubError(
      'bad_option',
      `--root=${options.root}: 64 hex digits expected, as stoa-hub init prints them`,
      {
        retry: false,
      },
    );
  const report = await verifyExport(file === '-' ? stdin : createReadStream(file), {
    crypto: nodeCrypto,
    rootFingerprint: root === undefined ? undefined : fromHex(root),
  });
  if (json) out(JSON.stringify({ ...report, rootChecked: root !== undefined }));
  else for (const line of told(report, root !== undefined)) out(line);
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
