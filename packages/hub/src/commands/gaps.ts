import type { Command } from 'commander';
import { AuditLog } from '../audit/index.ts';
import { systemClock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { GapDesk, type GapRecord } from '../gates/index.ts';
import { besideHub } from './beside.ts';
import { COMMAND_LINE } from './command-line.ts';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import { instanceParty } from './instance-party.ts';
import { table } from './table.ts';

const MINUTE_MS = 60_000;

/** `stoa-hub gaps …`: minutes that this region's hubs missed, and what of them costs nobody. */
export function addGapCommands(root: Command, here: () => CommandContext): void {
  const gaps = root
    .command('gaps')
    .description('minutes that hubs of this region missed; beside a running hub')
    .addHelpText('after', `\ndocs/gates.md tells what they are.\n\n${EXIT_CODES}`);
  gaps
    .command('list', { isDefault: true })
    .description('the newest of them, and how much of each costs nobody')
    .action(async () => listGaps(here()));
  gaps
    .command('grant')
    .argument('<instance>', 'which declared it')
    .argument('<minute>', 'its first, as listed')
    .requiredOption('--reason <text>', 'kept with the grant, and in the audit log')
    .description('grant all of a gap, past the 120 minutes a day of the rule')
    .action(async (instanceId: string, minute: string, { reason }: { reason: string }) =>
      grantGap(here(), { instanceId, from: Number(minute) }, reason),
    );
}

async function listGaps(context: CommandContext): Promise<void> {
  const gaps = await withDesk(context, (desk) => desk.list());
  if (context.json) context.out(JSON.stringify({ gaps: gaps.map(told) }));
  else if (gaps.length === 0) context.out('No gap is on record.');
  else
    for (const line of table(
      ['INSTANCE', 'MINUTE', 'FROM', 'UNTIL', 'CAUSE', 'GRANTED', 'BY'],
      gaps.map(row),
    ))
      context.out(line);
}

async function grantGap(
  context: CommandContext,
  gap: { instanceId: string; from: number },
  reason: string,
): Promise<void> {
  const party = await instanceParty(context);
  const granted = await withDesk(context, (desk) => desk.grant(gap, { by: COMMAND_LINE, reason }, party));
  if (context.json) context.out(JSON.stringify(told(granted)));
  else
    context.out(
      `Granted: ${row(granted).join('  ')}. The ledger takes it with its next pass over those hours.`,
    );
}

function row({ instanceId, from, until, cause, granted, act }: GapRecord): string[] {
  const at = (minute: number) => iso(minute * MINUTE_MS);
  const minutes = `${granted.until - granted.from} min`;
  return [instanceId, String(from), at(from), at(until), cause, minutes, act?.by ?? 'rule'];
}

/** Without the signature: that is for machines that verify it. */
function told({ seal: _, ...gap }: GapRecord): Omit<GapRecord, 'seal'> {
  return gap;
}

function withDesk<T>(context: CommandContext, work: (desk: GapDesk) => Promise<T>): Promise<T> {
  return besideHub(context, ({ sql }) =>
    work(new GapDesk({ sql, audit: new AuditLog({ sql, clock: systemClock }), clock: systemClock })),
  );
}
