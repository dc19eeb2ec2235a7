import { type Command, Option } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import type { CreateOptions } from './rollout.ts';
import type { UpgradeOptions } from './rollout-chainweb.ts';

const WHICH = 'of the rollout; needed where more than one is open';

/** `stoa-hub rollout …`: what nodes install now, beside a running hub. */
export function addRolloutCommands(root: Command, here: () => CommandContext): void {
  const rollout = root
    .command('rollout')
    .description('what nodes install now, ring by ring, beside a running hub')
    .addHelpText(
      'after',
      `\nWhat may be installed is said by releases: stoa-hub release list. docs/rollouts.md\n\n${EXIT_CODES}`,
    );
  const commands = () => import('./rollout.ts');
  rollout
    .command('create')
    .description('begin: tells what it will touch, then gives ring after ring the release as gates open')
    .addOption(new Option('--kind <kind>', 'what of it').choices(['payload', 'runtime']).default('payload'))
    .option('--targets <version>', 'of the release; what is in force unless given')
    .addOption(
      new Option('--chainweb <version>', 'chainweb-node instead: what the new one reports').conflicts([
        'kind',
        'targets',
      ]),
    )
    .option('-p, --param <name=value...>', 'with --chainweb: image, url and sha256, gateMinutes')
    .option('-q, --query <selector>', 'with --chainweb: which nodes; all that run an older one unless given')
    .option('--draft <file>', 'with --chainweb: write the order to be signed, and do nothing else')
    .option('--as <email>', 'with --draft: the account whose key will sign')
    .option('--order <file>', 'with --chainweb: the signed order')
    .option('--dry-run', 'tell what it would touch, and do nothing', false)
    .option('--yes', 'do it without a question', false)
    .action(async ({ chainweb, ...options }: CreateOptions & Partial<UpgradeOptions>) =>
      chainweb === undefined
        ? (await commands()).createRollout(here(), options)
        : (await import('./rollout-chainweb.ts')).createUpgrade(here(), { ...options, chainweb }),
    );
  rollout
    .command('status')
    .argument('[id]', 'of the rollout; all of them unless given')
    .description('how far it is, and what its gate says')
    .action(async (id?: string) => (await commands()).showRollouts(here(), id));
  for (const [act, description] of [
    ['pause', 'begin nothing more; what has begun comes to its end'],
    ['resume', 'go on; after a halt the evidence begins anew'],
    ['abort', 'end it, and take back what has not begun'],
  ] as const)
    rollout
      .command(act)
      .argument('[id]', WHICH)
      .description(description)
      .option('--reason <text>', 'told to whoever looks at it', '')
      .action(async (id: string | undefined, { reason }: { reason: string }) =>
        (await commands()).actOnRollout(here(), id, { act, reason }),
      );
  rollout
    .command('pause-all')
    .description('PAUSE ALL: no node of the region begins anything, over restarts, until resume-all')
    .option('--reason <text>', 'told to whoever looks at it', '')
    .action(async ({ reason }: { reason: string }) =>
      (await commands()).pauseAll(here(), { paused: true, reason }),
    );
  rollout
    .command('resume-all')
    .description('end PAUSE ALL')
    .action(async () => (await commands()).pauseAll(here(), { paused: false, reason: '' }));
  rollout
    .command('stuck')
    .argument('[id]', WHICH)
    .description('nodes that failed, gave no word by the deadline, or take longer than an hour')
    .option('--retry', 'ask them again', false)
    .option('--abort', 'end it on them; without --node only on those that give no word', false)
    .option('--node <id...>', 'only these')
    .action(
      async (id: string | undefined, options: { retry: boolean; abort: boolean; node?: readonly string[] }) =>
        (await commands()).stuckNodes(here(), id, options),
    );
}
