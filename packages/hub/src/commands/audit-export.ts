import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { AuditExport, AuditLog, AuditStore, auditRangeOf, type ExportSigner } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { HubError } from '../error.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { instanceParty } from './instance-party.ts';

export interface AuditExportOptions {
  readonly out: string;
  readonly from?: string;
  readonly to?: string;
}

/** `stoa-hub audit export`: told in the log first, so that an export of everything holds the row that tells of itself. */
export async function auditExport(context: CommandContext, options: AuditExportOptions): Promise<void> {
  const signer = await exportSigner(context);
  const range = await besideHub(context, async ({ sql }) => {
    const store = new AuditStore(sql);
    const chosen = await chosenRange(store, options);
    await new AuditLog({ sql, clock: systemClock }).append({
      actor: COMMAND_LINE,
      act: 'audit.export',
      subject: '',
      detail: { scope: 'all', ...chosen },
    });
    const exports = new AuditExport({ store, signer, clock: systemClock });
    const lines = exports.lines({ scope: { kind: 'all' }, range: chosen, by: COMMAND_LINE });
    const target = options.out === '-' ? context.stdout : createWriteStream(options.out, { mode: 0o600 });
    await pipeline(Readable.from(lines, { objectMode: false }), createGzip(), target, {
      signal: context.signal,
      end: options.out !== '-',
    });
    return chosen;
  });
  if (options.out === '-') return;
  context.out(
    context.json
      ? JSON.stringify({ ok: true, file: options.out, ...range })
      : `Wrote ${options.out}. Check it: stoa-hub audit verify ${options.out}`,
  );
}

async function exportSigner(context: CommandContext): Promise<ExportSigner> {
  const { key, chain } = await instanceParty(context);
  return { key, chain: () => chain };
}

async function chosenRange(store: AuditStore, { from, to }: AuditExportOptions) {
  const first = edge('--from', from);
  const last = edge('--to', to);
  const days = await auditRangeOf(store, { since: first.day, until: last.day });
  return { from: first.row ?? days.from, to: last.row ?? days.to };
}

function edge(option: string, text: string | undefined): { row?: number; day?: string } {
  if (text === undefined) return {};
  if (/^[1-9]\d{0,14}$/.test(text)) return { row: Number(text) };
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return { day: text };
  throw new HubError('bad_option', `${option}=${text}: a row's number or a day like 2026-11-25 expected`, {
    retry: false,
  });
}
