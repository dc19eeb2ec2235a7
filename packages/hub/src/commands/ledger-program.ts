import type { Command } from 'commander';
import type { SecretOptions } from './backup.ts';
import { sealed } from './backup-program.ts';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';

/** `stoa-hub ledger …`: what was earned, beside a running hub. */
export function addLedgerCommands(root: Command, here: () => CommandContext): void {
  const ledger = root
    .command('ledger')
    .description('what was earned: checks, dumps, adjustments; beside a running hub')
    .addHelpText('after', `\ndocs/ledger.md tells how it works.\n\n${EXIT_CODES}`);
  const commands = () => import('./ledger.ts');
  ledger
    .command('replay')
    .option(
      '--check',
      'hold the result against the balances that are kept; fails where a byte differs',
      false,
    )
    .option('--json', 'print one JSON object')
    .description('replay all events into empty tables')
    .action(async (options: { check: boolean; json?: boolean }) =>
      (await commands()).replayLedger(jsonToo(here(), options), options),
    );
  ledger
    .command('verify')
    .option('--json', 'print one JSON object')
    .description(
      'check that each event is what was written, the sums, the balances; names what was changed by hand',
    )
    .action(async (options: { json?: boolean }) => (await commands()).verifyLedger(jsonToo(here(), options)));
  ledger
    .command('roots')
    .argument('<hour>', 'like 2026-11-26T17, by UTC')
    .option('--json', 'print one JSON object')
    .description('check whether the minutes of an hour are as the instances that judged them signed')
    .action(async (hour: string, options: { json?: boolean }) => {
      const { showRoots } = await import('./ledger-roots.ts');
      await showRoots(jsonToo(here(), options), hour);
    });
  sealed(ledger.command('dump'))
    .argument('<file>', 'where to write')
    .description('write all events into one sealed file')
    .action(async (file: string, options: SecretOptions) =>
      (await commands()).dumpLedger(here(), file, options),
    );
  sealed(ledger.command('verify-dump'))
    .argument('<file>', 'a dump; needs no hub')
    .option('--lines <file>', 'write its lines there, opened: what approvers of the mint recompute from')
    .option('--json', 'print one JSON object')
    .description('open a dump and check all of it')
    .action(async (file: string, options: SecretOptions & { lines?: string; json?: boolean }) =>
      (await commands()).verifyLedgerDump(jsonToo(here(), options), file, options),
    );
  ledger
    .command('verify-statement')
    .argument('<file>', "a person's yearly statement, as a page or JSON; needs no hub")
    .option('--root <fingerprint>', 'of the root key from which the signature must descend, 64 hex digits')
    .option('--json', 'print one JSON object')
    .description('check a yearly statement: its signature, its sums, and that its page says what was signed')
    .action(async (file: string, options: { root?: string; json?: boolean }) =>
      (await import('./statement.ts')).checkStatement(jsonToo(here(), options), file, options),
    );
  ledger
    .command('adjust')
    .requiredOption('--account <account>', 'as the chain has it, or its id')
    .requiredOption('--points <points>', 'to give; below 0 takes away')
    .requiredOption('--reason <text>', 'told to whoever reads the ledger')
    .description('propose an adjustment; somebody else approves it')
    .action(async (options: { account: string; points: string; reason: string }) =>
      (await commands()).proposeAdjustment(here(), options),
    );
  ledger
    .command('adjustments')
    .description('list them, those that wait first')
    .action(async () => (await commands()).listAdjustments(here()));
  for (const [act, description] of [
    ['approve', 'make an adjustment an event; not one that was proposed here too'],
    ['refuse', 'end an adjustment that waits'],
  ] as const)
    ledger
      .command(act)
      .argument('<number>', 'of the adjustment')
      .description(description)
      .action(async (number: string) => (await commands()).decideAdjustment(here(), act, number));
}

/** `--json` is taken behind the command as well. */
function jsonToo(context: CommandContext, { json }: { json?: boolean }): CommandContext {
  return { ...context, json: context.json || json === true };
}
