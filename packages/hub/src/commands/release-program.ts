import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

/** `stoa-hub release …`: what the region publishes, beside a running hub. */
export function addReleaseCommands(root: Command, here: () => CommandContext): void {
  const release = root.command('release').description('releases of the agent, beside a running hub');
  const commands = () => import('./release.ts');
  release
    .command('publish')
    .argument('<dir>', 'of `pnpm build:agent`, with the signed metadata in it')
    .description(
      'verify as nodes would, store, and put in force: all of it or nothing; the same again is no error',
    )
    .action(async (dir: string) => (await commands()).publishRelease(here(), dir));
  release
    .command('verify')
    .argument('<dir>', 'as for publish')
    .option('--root <file>', 'trusted root metadata: then no hub is asked')
    .description('say what publish would do, and do nothing')
    .action(async (dir: string, options: { root?: string }) =>
      (await commands()).verifyRelease(here(), dir, options),
    );
  release
    .command('list')
    .description('what is in force, and what was')
    .action(async () => (await commands()).listReleases(here()));
  release
    .command('trust')
    .argument('<file>', 'root metadata, N.root.json')
    .option('--hash <sha256>', 'accept the root with this hash, and no other, without a question')
    .description('the root from which every release must descend; asked once, later roots are published')
    .action(async (file: string, options: { hash?: string }) =>
      (await commands()).trustRoot(here(), file, options),
    );
  release
    .command('keys')
    .option('--next', 'make a new pair for the next root to name; the present one signs until then', false)
    .description(
      "this region's keys for snapshot and timestamp, for the holders of the root; made where there are none",
    )
    .action(async (options: { next: boolean }) => (await commands()).releaseKeys(here(), options));
  release
    .command('retire')
    .argument('<version>', 'of the targets metadata, which is not in force')
    .option('--yes', 'do it without a question', false)
    .description('remove the files that no other release names; its metadata stays')
    .action(async (version: string, options: { yes: boolean }) =>
      (await commands()).retireRelease(here(), version, options),
    );
}
