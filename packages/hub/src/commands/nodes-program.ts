import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import type { ListOptions } from './nodes.ts';
import type { TagOptions, WriteOptions } from './nodes-acts.ts';

const SELECTOR = 'which nodes, as in the list: state:offline -tag:lab lag:>5';

/** `stoa-hub nodes …`, beside a running hub. */
export function addNodeCommands(root: Command, here: () => CommandContext): void {
  const nodes = root.command('nodes').description('the nodes of the region, beside a running hub');
  nodes
    .command('ls')
    .description('list nodes')
    .option('-q, --query <selector>', SELECTOR, '')
    .option('--limit <n>', 'how many at most', '100')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (options: ListOptions) => (await import('./nodes.ts')).listNodes(here(), options));
  nodes
    .command('show')
    .argument('<id|label>', 'of one node')
    .description('show a node')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (name: string) => (await import('./nodes.ts')).showNode(here(), name));
  writing(nodes.command('tag').description('add and remove tags of all nodes that match'))
    .option('--add <tag...>', 'tags to add')
    .option('--remove <tag...>', 'tags to remove')
    .action(async (options: TagOptions) => (await import('./nodes-acts.ts')).tagNodes(here(), options));
  writing(
    nodes.command('retire').description('retire all nodes that match: they come back by joining anew'),
  ).action(async (options: WriteOptions) => (await import('./nodes-acts.ts')).retireNodes(here(), options));
}

function writing(command: Command): Command {
  return command
    .requiredOption('-q, --query <selector>', SELECTOR)
    .option('--dry-run', 'tell what it would touch, and do nothing', false)
    .option('--yes', 'do it without a question', false)
    .addHelpText('after', `\n${EXIT_CODES}`);
}
