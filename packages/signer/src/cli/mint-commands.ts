import { Command } from 'commander';
import type { CliContext } from '#cli/context.ts';
import { approveCommand } from '#cli/mint-approve-command.ts';
import {
  killCommand,
  mintServeCommand,
  mintStatusCommand,
  reviveCommand,
} from '#cli/mint-daemon-commands.ts';
import { approverKeyCommands, initCommand, restartCommand, rotateCommand } from '#cli/mint-key-commands.ts';

const CEREMONY = `
A minter:   key init (each approver, on their own host)  ->  init (signer's host)  ->  serve
Each day:   approve --auto (approver's host)  ->  stoa-hub carries approvals and plan to the signer, which signs
Outliers:   approve (each of two people). docs/mint-signer.md tells what is one, and what to do when something is wrong.`;

/** The minter's signer: its own process, key and journal, apart from the region's. */
export function mintCommands(context: CliContext): Command {
  return new Command('mint')
    .description('the key that mints, under a policy; and those who approve what it mints')
    .addHelpText('after', CEREMONY)
    .addCommand(initCommand(context))
    .addCommand(mintServeCommand(context))
    .addCommand(mintStatusCommand(context))
    .addCommand(approverKeyCommands(context))
    .addCommand(approveCommand(context))
    .addCommand(killCommand(context))
    .addCommand(reviveCommand(context))
    .addCommand(rotateCommand(context))
    .addCommand(restartCommand(context));
}
