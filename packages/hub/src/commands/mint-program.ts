import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import { addMintContractCommands } from './mint-contract-program.ts';

const DAY = 'like 2026-11-26, by UTC';

/** `stoa-hub mint …`: the daily mint, beside a running hub. */
export function addMintCommands(root: Command, here: () => CommandContext): void {
  const mint = root
    .command('mint')
    .description('the daily mint of points into the registers of ten chains; beside a running hub')
    .addHelpText('after', `\ndocs/mint.md tells how it works.\n\n${EXIT_CODES}`);
  const commands = () => import('./mint.ts');
  const ofDay = (name: string, description: string) =>
    mint
      .command(name)
      .argument('<day>', DAY)
      .option('--json', 'print one JSON object')
      .description(description);
  ofDay(
    'plan',
    'what is minted of a day: its plan where it is cut, else what a cut would take now; writes nothing. With --json as approvers read it',
  ).action(async (day: string, options: Json) => (await commands()).planMint(jsonToo(here(), options), day));
  ofDay('status', 'where every transaction of a day stands, and what holds the mint up').action(
    async (day: string, options: Json) => (await commands()).showMint(jsonToo(here(), options), day),
  );
  ofDay(
    'run',
    'lead the mint from here, or watch whoever leads, until the day is settled; Ctrl-C leaves it to others',
  ).action(async (day: string, options: Json) => (await commands()).runMint(jsonToo(here(), options), day));
  for (const [act, description] of [
    ['resume', 'let what is stopped go on, once its reason is gone'],
    [
      'cancel',
      'give a day up: it is closed on its chains, and what was not minted goes back to its accounts',
    ],
  ] as const)
    ofDay(act, description)
      .requiredOption('--reason <text>', 'told in the audit log')
      .action(async (day: string, options: Json & { reason: string }) =>
        (await commands()).interveneInMint(jsonToo(here(), options), act, { day, reason: options.reason }),
      );
  ofDay('verify', 'hold a day against the chains, as several nodes tell them, and name what differs')
    .option('--registers', "each account's register too, against all that it ever redeemed")
    .action(async (day: string, { registers = false, ...options }: Json & { registers?: boolean }) =>
      (await commands()).verifyMint(jsonToo(here(), options), day, { registers }),
    );
  mint
    .command('approve')
    .argument('<day>', DAY)
    .argument('<file...>', 'what stoa-signer mint approve wrote')
    .option('--json', 'print one JSON object')
    .description("keep approvers' words on the plan of a day: whoever leads brings them to the signer")
    .action(async (day: string, files: string[], options: Json) =>
      (await commands()).approveMint(jsonToo(here(), options), day, files),
    );
  addMintContractCommands(mint, here);
}

interface Json {
  readonly json?: boolean;
}

/** `--json` is taken behind the command as well. */
function jsonToo(context: CommandContext, { json }: Json): CommandContext {
  return { ...context, json: context.json || json === true };
}
