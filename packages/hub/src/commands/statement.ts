import { readFile } from 'node:fs/promises';
import { fromHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { HubError } from '../error.ts';
import { type StatementReport, verifyStatement } from '../statements/index.ts';
import type { CommandContext } from './context.ts';
import { printable } from './table.ts';

/** `stoa-hub ledger verify-statement FILE`: reads the file and nothing else. */
export async function checkStatement(
  { json, out }: CommandContext,
  file: string,
  options: { root?: string },
): Promise<void> {
  const root = options.root?.toLowerCase();
  if (root !== undefined && !/^[0-9a-f]{64}$/.test(root))
    throw new HubError(
      'bad_option',
      `--root=${options.root}: 64 hex digits expected, as stoa-hub init prints them`,
      { retry: false },
    );
  const report = verifyStatement(await readFile(file, 'utf8'), {
    crypto: nodeCrypto,
    rootFingerprint: root === undefined ? undefined : fromHex(root),
  });
  if (json) out(JSON.stringify({ ...report, rootChecked: root !== undefined }));
  else for (const line of told(report, root !== undefined)) out(line);
  if (!report.ok)
    throw new HubError(
      'statement_differs',
      `${file} is not as it was signed: ${report.problems.length} problems`,
      {
        retry: false,
      },
    );
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
