import { readFile } from 'node:fs/promises';
import { nodeCrypto } from '@stoa/protocol/node';
import { HubError } from '../error.ts';
import { type StatementReport, verifyStatement } from '../statements/index.ts';
import type { CommandContext } from './context.ts';
import { rootOption } from './root-option.ts';
import { printable } from './table.ts';

/** `stoa-hub ledger verify-statement FILE`: reads the file and nothing else. */
export async function checkStatement(
  { json, out }: CommandContext,
  file: string,
  options: { root?: string },
): Promise<void> {
  const rootFingerprint = rootOption(options.root);
  const report = verifyStatement(await textOf(file), {
    crypto: nodeCrypto,
    rootFingerprint,
  });
  if (json) out(JSON.stringify({ ...report, rootChecked: rootFingerprint !== undefined }));
  else for (const line of told(report, rootFingerprint !== undefined)) out(line);
  if (!report.ok)
    throw new HubError(
      'statement_differs',
      `${file} is not as it was signed: ${report.problems.length} problems`,
      {
        retry: false,
      },
    );
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new HubError(
      'file_unreadable',
      `${file} can't be read: name a statement that was downloaded as JSON or as a page`,
      {
        retry: false,
        cause,
      },
    );
  }
}

function told({ ok, statement, problems, root }: StatementReport, rootChecked: boolean): string[] {
  if (!ok || statement === undefined)
    return problems.map(({ code, message }) => `${printable(message)} [${code}]`);
  const { year, person, hub, region, madeAt, mode } = statement;
  return [
    `Verified: ${year} of ${printable(person)} by ${printable(hub)} of region ${printable(region)}, made ${madeAt}${mode === 'TEST' ? ', TEST' : ''}.`,
    rootChecked
      ? 'It descends from the root that you named.'
      : `It descends from root ${root}: compare that with the fingerprint that you know (--root checks it).`,
  ];
}
