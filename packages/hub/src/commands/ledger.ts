import { formatPoints, parsePoints } from '@stoa/protocol/stoicism';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { HubError } from '../error.ts';
import {
  type Adjustment,
  type CheckReport,
  createLedgerTools,
  type Fault,
  type LedgerTools,
  verifyDump,
  writeDump,
  writeDumpLines,
} from '../ledger/index.ts';
import type { Sql } from '../seams/db-adapter/index.ts';
import { secureRandom } from '../secure-random.ts';
import { type SecretOptions, secretOf } from './backup.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE, LOCAL } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { printable, table } from './table.ts';

const LISTED = 100;

/** Whoever has the shell has proved to be there. */
const viewer = () => ({ ...LOCAL, confirmedAt: systemClock.now() });

function withTools<T>(
  context: CommandContext,
  work: (tools: LedgerTools, sql: Sql) => Promise<T>,
): Promise<T> {
  return besideHub(context, ({ sql }) => work(createLedgerTools({ sql, clock: systemClock }), sql));
}

/** `stoa-hub ledger replay [--check]`. */
export async function replayLedger(context: CommandContext, { check }: { check: boolean }): Promise<void> {
  const report = await withTools(context, (tools) => tools.check.run({ chain: false }));
  const { events, accounts, identical } = report;
  if (context.json) context.out(JSON.stringify({ events, accounts, ...(check && { identical }) }));
  else {
    context.out(`${events} events of ${accounts} accounts were replayed.`);
    if (check && identical) context.out('The balances are those that are kept, byte for byte.');
    if (check) tellFaults(context, report);
  }
  if (check && report.faultCount > 0) throw differs(report);
}

/** `stoa-hub ledger verify`. */
export async function verifyLedger(context: CommandContext): Promise<void> {
  const report = await withTools(context, (tools) => tools.check.run({ chain: true }));
  const { events, accounts, identical, faults, faultCount } = report;
  if (context.json)
    context.out(JSON.stringify({ ok: faultCount === 0, events, accounts, identical, faultCount, faults }));
  else if (faultCount === 0)
    context.out(`Verified: ${events} events of ${accounts} accounts, their chain, their sums, the balances.`);
  else tellFaults(context, report);
  if (faultCount > 0) throw differs(report);
}

/** `stoa-hub ledger dump FILE`. */
export async function dumpLedger(
  context: CommandContext,
  file: string,
  options: SecretOptions,
): Promise<void> {
  const secret = await secretOf(context, options, 'new');
  const report = await withTools(context, async ({ events }, sql) => {
    const audit = new AuditLog({ sql, clock: systemClock });
    await audit.append({ actor: COMMAND_LINE, act: 'ledger.dump', subject: '', detail: { file } });
    const { region } = context.config;
    return writeDump({ sql, events, region, clock: systemClock, random: secureRandom }, file, secret);
  });
  context.out(
    context.json
      ? JSON.stringify({ ok: true, file, ...report })
      : `Wrote ${file}: ${report.events} events, the last of hash ${report.end}. Check it: stoa-hub ledger verify-dump ${file}`,
  );
}

/** `stoa-hub ledger verify-dump FILE`: reads the file and nothing else. */
export async function verifyLedgerDump(
  context: CommandContext,
  file: string,
  options: SecretOptions & { lines?: string },
): Promise<void> {
  const secret = await secretOf(context, options, 'known');
  const verdict = await verifyDump(file, secret);
  if (verdict.faultCount === 0 && options.lines !== undefined)
    await writeDumpLines(file, secret, options.lines);
  if (context.json) context.out(JSON.stringify({ ok: verdict.faultCount === 0, ...verdict }));
  else if (verdict.faultCount === 0)
    context.out(
      `Verified: the ledger of region ${printable(verdict.region)} at ${verdict.madeAt}, ${verdict.events} events of ` +
        `${verdict.accounts} accounts; the last has hash ${verdict.end}.`,
    );
  else tellFaults(context, verdict);
  if (verdict.faultCount > 0) throw differs(verdict);
}

/** `stoa-hub ledger adjust`. */
export async function proposeAdjustment(
  context: CommandContext,
  { account, points, reason }: { account: string; points: string; reason: string },
): Promise<void> {
  const amount = parsePoints(points);
  if (amount === undefined)
    throw new HubError('bad_option', `--points=${points}: points like 12.5 or -0.25 expected`, {
      retry: false,
    });
  if (reason.trim() === '' || reason.length > 200 || /\p{Cc}/u.test(reason))
    throw new HubError('bad_option', '--reason: 1 to 200 characters in one line expected', { retry: false });
  const adjustmentId = await withTools(context, ({ desk }) =>
    desk.propose(viewer(), { account, amount, reason: reason.trim() }),
  );
  context.out(
    context.json
      ? JSON.stringify({ ok: true, adjustmentId })
      : `Proposed as ${adjustmentId}. An Ancient Admin approves it on /admin/ledger.`,
  );
}

/** `stoa-hub ledger adjustments`. */
export async function listAdjustments(context: CommandContext): Promise<void> {
  const all = await withTools(context, ({ adjustments }) => adjustments.list(LISTED));
  if (context.json) {
    const rows = all.map((one) => ({ ...one, amount: formatPoints(one.amount) }));
    context.out(JSON.stringify({ adjustments: rows }));
    return;
  }
  const rows = all.map((one) => [
    ...[
      String(one.adjustmentId),
      formatPoints(one.amount),
      standing(one),
      one.proposedBy,
      iso(one.proposedAt),
    ],
    ...[one.account ?? one.accountId, one.reason],
  ]);
  for (const row of table(['NUMBER', 'POINTS', 'STANDS', 'BY', 'AT', 'ACCOUNT', 'REASON'], rows))
    context.out(row);
}

/** `stoa-hub ledger approve|refuse NUMBER`. */
export async function decideAdjustment(
  context: CommandContext,
  act: 'approve' | 'refuse',
  text: string,
): Promise<void> {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new HubError('bad_option', `'${text}': the number of an adjustment expected`, { retry: false });
  await withTools(context, ({ desk }) => desk[act](viewer(), Number(text)));
  context.out(context.json ? JSON.stringify({ ok: true }) : act === 'approve' ? 'It stands.' : 'Refused.');
}

function standing({ outcome }: Adjustment): string {
  return outcome ?? 'waits';
}

function tellFaults(
  { out }: CommandContext,
  { faults, faultCount }: { faults: readonly Fault[]; faultCount: number },
): void {
  for (const { message, code } of faults) out(`${message} [${code}]`);
  if (faultCount > faults.length) out(`and ${faultCount - faults.length} more`);
}

function differs({ faultCount }: Pick<CheckReport, 'faultCount'>): HubError {
  return new HubError('ledger_differs', `the ledger is not as it was written: ${faultCount} faults`, {
    retry: false,
  });
}
