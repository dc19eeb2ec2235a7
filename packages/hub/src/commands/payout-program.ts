import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import type { SignOptions } from './payout-sign.ts';

/** `stoa-hub payout …`: where what nodes earn goes, and the proof that it is somebody's. */
export function addPayoutCommands(root: Command, here: () => CommandContext): void {
  const payout = root
    .command('payout')
    .description('accounts that nodes are paid to')
    .addHelpText('after', `\ndocs/payouts.md tells how it works.\n\n${EXIT_CODES}`);
  payout
    .command('show')
    .argument('<email|node>', 'a person, or a node by its id or label')
    .description('tell which account is paid and whether it is proven, beside a running hub')
    .action(async (who: string) => (await import('./payout.ts')).showPayout(here(), who));
  payout
    .command('verify')
    .argument('<account>', 'as it was named, or its id')
    .description(
      'ask the chain whose keys guard it now, and hold the kept proof against them; beside a running hub',
    )
    .action(async (account: string) => (await import('./payout.ts')).verifyPayout(here(), account));
  payout
    .command('sign')
    .description(
      'sign the text that proves an account, told before; the console shows the whole command; needs no hub',
    )
    .requiredOption(
      '--key-file <file>',
      'the key of the account (mode 0600): 64 hex digits, or 128 as wallets export it',
    )
    .requiredOption('--account <account>', 'the account')
    .requiredOption('--email <email>', 'your account of the hub')
    .requiredOption('--region <name>', "the hub's region")
    .requiredOption('--nonce <hex>', 'of the text')
    .requiredOption('--expires <seconds>', 'end of the text, in seconds since 1970')
    .action(async (options: SignOptions) => (await import('./payout-sign.ts')).signPayout(here(), options));
}
