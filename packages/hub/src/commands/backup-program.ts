import type { Command } from 'commander';
import type { BackupOptions } from './backup.ts';
import type { CommandContext } from './context.ts';

/** `stoa-hub backup` and `restore`. */
export function addBackupCommands(root: Command, here: () => CommandContext): void {
  sealed(root.command('backup'))
    .argument('<file>', 'where to write')
    .description('write database, keys and signer directory into one sealed file; beside a running hub')
    .option('--force', 'replace a file that is there', false)
    .action(async (file: string, options: BackupOptions) =>
      (await import('./backup.ts')).backup(here(), file, options),
    );
  sealed(root.command('restore'))
    .argument('<file>', 'a backup; all of it is verified before anything is written')
    .description('put a backup in the place of an empty database and DATA_DIR; no hub may run there')
    .option('--force', 'replace the database and the keys that are there', false)
    .action(async (file: string, options: BackupOptions) =>
      (await import('./backup.ts')).restore(here(), file, options),
    );
}

/** With the options that say what seals a file. */
export function sealed(command: Command): Command {
  return command
    .option('--passphrase-file <file>', 'whose text seals the backup; asked for at a terminal unless given')
    .option('--key-file <file>', 'whose bytes, 32 at least, seal the backup');
}
