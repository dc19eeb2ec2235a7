import { join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '#authority/region.ts';
import { type CliContext, UsageError } from '#cli/context.ts';
import { readPrivate } from '#disk.ts';
import { createUnlockKeyFile, type Unlock, unlockWithKeyFile, unlockWithPassphrase } from '#keys/unlock.ts';

export interface UnlockOptions {
  keyFile?: string;
  passphraseFile?: string;
  passphraseStdin?: boolean;
}

/** Never from the arguments or the environment: other accounts of the machine can read those. */
export function withUnlockOptions(command: Command): Command {
  return command
    .option('--key-file <path>', '32 random bytes (mode 0600) that open the keys; made by init if missing')
    .option('--passphrase-file <path>', 'file (mode 0600) whose first line is the passphrase')
    .option('--passphrase-stdin', 'read the passphrase from standard input');
}

/** @param dirs where a development `unlock.key` may lie */
export async function findUnlock(
  context: CliContext,
  options: UnlockOptions,
  dirs: readonly string[],
): Promise<Unlock> {
  requireOne(options);
  const keyFile = options.keyFile ?? (await findKeyFile(context, options, dirs));
  if (keyFile !== undefined) return unlockWithKeyFile(keyFile, context.disk);
  return unlockWithPassphrase(await passphrase(context, options));
}

/** For the keys of a region: looks whether there are any before it asks. @throws SignerError `file_missing`. */
export async function findRegionUnlock(
  context: CliContext,
  options: UnlockOptions & { dir: string },
): Promise<Unlock> {
  requireOne(options);
  await readConfig({ dir: options.dir, disk: context.disk });
  return findUnlock(context, options, [options.dir]);
}

/** For new keys: a key file that is missing is made, a passphrase that is typed is typed twice. */
export async function makeUnlock(context: CliContext, options: UnlockOptions): Promise<Unlock> {
  requireOne(options);
  const { keyFile } = options;
  if (keyFile !== undefined) {
    const exists = (await context.disk.stat(keyFile)) !== undefined;
    return exists ? unlockWithKeyFile(keyFile, context.disk) : createUnlockKeyFile(keyFile, context);
  }
  const chosen = await passphrase(context, options);
  const typed = options.passphraseFile === undefined && options.passphraseStdin !== true;
  if (typed && (await context.io.ask?.('The same passphrase again: ')) !== chosen)
    throw new UsageError('the two passphrases differ: nothing was made');
  return unlockWithPassphrase(chosen);
}

async function findKeyFile(
  context: CliContext,
  options: UnlockOptions,
  dirs: readonly string[],
): Promise<string | undefined> {
  if (options.passphraseFile !== undefined || options.passphraseStdin === true) return undefined;
  for (const dir of dirs) {
    const path = join(dir, 'unlock.key');
    if ((await context.disk.stat(path)) !== undefined) return path;
  }
  return undefined;
}

async function passphrase({ io, disk }: CliContext, options: UnlockOptions): Promise<string> {
  if (options.passphraseFile !== undefined) {
    const bytes = await readPrivate(disk, options.passphraseFile, 'the passphrase file');
    return firstLine(Buffer.from(bytes).toString('utf8'));
  }
  if (options.passphraseStdin === true) return firstLine(await io.readStdin());
  if (io.ask !== undefined) return io.ask('Passphrase: ');
  throw new UsageError(
    'no way to open the keys: give --key-file, --passphrase-file or --passphrase-stdin, or run in a terminal',
  );
}

function requireOne({ keyFile, passphraseFile, passphraseStdin }: UnlockOptions): void {
  const given = [keyFile, passphraseFile, passphraseStdin].filter((value) => value !== undefined);
  if (given.length > 1)
    throw new UsageError('give one of --key-file, --passphrase-file and --passphrase-stdin');
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}
