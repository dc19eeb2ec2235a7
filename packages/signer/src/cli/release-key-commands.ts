import { dirname } from 'node:path';
import { toHex } from '@stoa/protocol';
import { Command, Option } from 'commander';
import { type CliContext, report } from '#cli/context.ts';
import { makeUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import {
  createHolderKey,
  type HolderKey,
  type OfflineRole,
  readHolderJournal,
  readHolderKey,
} from '#releases/holder.ts';

interface KeyOptions {
  file: string;
  json?: boolean;
}

export function releaseKeyCommands(context: CliContext): Command {
  return new Command('key')
    .description("a holder's key for one role, sealed, with a journal of what it signed beside it")
    .addCommand(initCommand(context))
    .addCommand(showCommand(context));
}

function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description("make the key on the holder's own machine; only the public half that is printed leaves it")
    .requiredOption('--file <path>', 'where the sealed key goes, best on a medium that is kept offline')
    .addOption(
      new Option(
        '--role <role>',
        'root: who may sign; targets: what is installed. A holder of both makes two keys',
      )
        .choices(['root', 'targets'])
        .makeOptionMandatory(),
    )
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(
    async (options: KeyOptions & UnlockOptions & { role: OfflineRole }) => {
      const { disk, random, clock } = context;
      const unlock = await makeUnlock(context, options);
      const by = { role: options.role, unlock, random, now: clock.now() };
      printKey(context, options, {
        key: await createHolderKey({ path: options.file, disk }, by),
        signed: [],
      });
    },
  );
}

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('print the public half, and what the key has signed; opens nothing')
    .requiredOption('--file <path>', 'the sealed key')
    .option('--json', 'print JSON')
    .action(async (options: KeyOptions) => {
      const place = { path: options.file, disk: context.disk };
      const key = await readHolderKey(place);
      const signed = (await readHolderJournal(place)).flatMap((entry) =>
        entry.kind === 'signed'
          ? [{ version: entry.version, sha256: entry.sha256, at: new Date(entry.at).toISOString() }]
          : [],
      );
      printKey(context, options, { key, signed });
    });
}

interface Printed {
  readonly key: HolderKey;
  readonly signed: readonly { version: number; sha256: string; at: string }[];
}

function printKey(context: CliContext, options: KeyOptions, { key, signed }: Printed): void {
  const { role, keyId } = key;
  const publicKey = toHex(key.publicKey);
  report(context, options, {
    data: { file: options.file, role, publicKey, keyId, signed },
    lines: [
      `role         ${role}`,
      `public key   ${publicKey}`,
      `key id       ${keyId}`,
      ...signed.map(({ version, sha256, at }) => `signed       ${version}  ${sha256}  ${at}`),
    ],
  });
}

/** Where a development `unlock.key` may lie. */
export function unlockDirs(key: string): string[] {
  return [dirname(key), dirname(dirname(key))];
}
