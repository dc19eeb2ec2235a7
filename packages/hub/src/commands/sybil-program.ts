import { type Command, Option } from 'commander';
import type { Clustering } from '../sybil/index.ts';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';

/** By name, so that `--help` loads no feature. */
const CLUSTERINGS = ['address', 'network', 'owner'] as const satisfies readonly Clustering[];

/** `stoa-hub sybil …`: nodes that may be fewer machines than they say, beside a running hub. */
export function addSybilCommands(root: Command, here: () => CommandContext): void {
  const sybil = root
    .command('sybil')
    .description('nodes that may be fewer machines than they say, beside a running hub')
    .addHelpText('after', `\ndocs/sybil.md\n\n${EXIT_CODES}`);
  const commands = () => import('./sybil.ts');
  sybil
    .command('report')
    .description('nodes that stand together, with owners, scores and what they earn; a page at a time')
    .addOption(
      new Option('--by <what>', 'what puts them together').choices([...CLUSTERINGS]).default('address'),
    )
    .option('--from <count>', 'how many clusters were told before', '0')
    .action(async (options: { by: Clustering; from: string }) =>
      (await commands()).reportSybils(here(), options),
    );
  sybil
    .command('disputes')
    .description('what is disputed, and what was decided; --json has the evidence')
    .action(async () => (await commands()).listDisputes(here()));
  sybil
    .command('decide')
    .argument('<dispute>', 'its id')
    .argument('[nodes...]', 'of these alone; else of all that are open')
    .description('decide of the nodes of a dispute: it is recorded, and changes no points')
    .option('--dismiss', 'the nodes are what they say', false)
    .option('--uphold', 'they are not', false)
    .option('--reason <text>', 'kept in the audit log, and shown to the owners where it is upheld')
    .action(
      async (
        dispute: string,
        nodes: string[],
        options: { dismiss: boolean; uphold: boolean; reason?: string },
      ) => (await commands()).decideDispute(here(), { dispute, nodes, ...options }),
    );
}
