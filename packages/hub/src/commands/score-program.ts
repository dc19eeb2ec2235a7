import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';

/** `stoa-hub score …`: what nodes are worth by their benchmarks, beside a running hub. */
export function addScoreCommands(root: Command, here: () => CommandContext): void {
  const score = root
    .command('score')
    .description('what nodes are worth by their benchmarks, beside a running hub')
    .addHelpText(
      'after',
      `\nA benchmark makes one: stoa-hub job run benchmark-node. docs/scores.md\n\n${EXIT_CODES}`,
    );
  const commands = () => import('./score.ts');
  score
    .command('show')
    .argument('<node>', 'id of the node')
    .description('its ServerScore, and what each part of its last benchmarks earns')
    .action(async (node: string) => (await commands()).showScore(here(), node));
  score
    .command('restamp')
    .description(
      'make the scores of all nodes anew that rest on older baselines; a hub does it by itself, too',
    )
    .action(async () => (await commands()).restampScores(here()));
  score
    .command('review')
    .argument('[node]', 'id of the node; all that wait unless given')
    .description('what the caps hold back: list it, or decide')
    .option('--accept', 'it counts from the next full hour', false)
    .option('--refuse', 'it stays held back', false)
    .option('--reason <text>', 'kept in the audit log, and shown to the owner')
    .action(
      async (node: string | undefined, options: { accept: boolean; refuse: boolean; reason?: string }) =>
        (await commands()).reviewScore(here(), node, options),
    );
  score
    .command('baselines')
    .description('what earns the full weight of each part, or change it from the next full hour on')
    .option('--set <part=value...>', 'such as cpuSingle=6000')
    .option('--reason <text>', 'kept in the audit log')
    .action(async (options: { set?: readonly string[]; reason?: string }) =>
      (await commands()).scoreBaselines(here(), options),
    );
}
