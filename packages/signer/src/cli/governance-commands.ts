import { basename, join } from 'node:path';
import { toHex } from '@stoa/protocol';
import { Command } from 'commander';
import { type CliContext, report } from '#cli/context.ts';
import { unlockDirs } from '#cli/release-key-commands.ts';
import { writeOnce } from '#cli/release-options.ts';
import { toText } from '#cli/release-root-commands.ts';
import { findUnlock, makeUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { parseCommand, requireOneChange, signCommand } from '#governance/command.ts';
import { describeCommands } from '#governance/description.ts';
import { createKeyFile, openKeyFile, readKeyFile } from '#keys/key-file.ts';
import { requireFile } from '#releases/metadata-files.ts';

const PURPOSE = 'mint-governor';

/** Who governs the mint's contract: several people, each with a key on a machine of their own. docs/mint-contract.md. */
export function governanceCommands(context: CliContext): Command {
  return new Command('governance')
    .description("holders who govern the mint's contract: their keys, and what they sign")
    .addCommand(initCommand(context))
    .addCommand(signingCommand(context));
}

interface KeyOptions extends UnlockOptions {
  file: string;
  json?: boolean;
}

function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description("make a key on the holder's own machine; only the public half that is printed leaves it")
    .requiredOption('--file <path>', 'where the sealed key goes, best on a medium that is kept offline')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: KeyOptions) => {
    const { disk, random } = context;
    const unlock = await makeUnlock(context, options);
    const key = await createKeyFile({ path: options.file, purpose: PURPOSE, unlock, disk }, { random });
    const publicKey = toHex(key.publicKey);
    report(context, options, {
      data: { file: options.file, publicKey },
      lines: [`public key   ${publicKey}`],
    });
  });
}

interface SignOptions extends KeyOptions {
  command: string[];
  contract?: string;
  out: string;
}

/** Everything is told in words before the key is opened. No journal: what is signed twice is mined once. */
function signingCommand(context: CliContext): Command {
  const command = new Command('sign')
    .description("one holder's signatures of a change, on that holder's own machine")
    .requiredOption('--command <path...>', 'of `stoa-hub mint contract`: one change, a file a chain')
    .requiredOption('--file <path>', "the holder's sealed key")
    .option('--contract <path>', 'register.pact as you have it: must be the module in the code')
    .requiredOption('--out <dir>', 'where the files go with your signature in them')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: SignOptions) => {
    const { disk, clock, io } = context;
    const text = async (path: string) => Buffer.from(await requireFile(path, disk)).toString('utf8');
    const commands = [];
    for (const path of options.command) commands.push(parseCommand(await text(path), path));
    const { publicKey } = await readKeyFile(options.file, disk);
    requireOneChange(commands, { publicKey, now: clock.now() });
    const module = options.contract === undefined ? undefined : await text(options.contract);
    for (const line of describeCommands(commands, module)) io.err(`${toText(line)}\n`);
    const unlock = await findUnlock(context, options, unlockDirs(options.file));
    const key = await openKeyFile({ path: options.file, purpose: PURPOSE, unlock, disk });
    const files = [];
    for (const [i, each] of commands.entries()) {
      const path = join(options.out, basename(options.command[i]!));
      await writeOnce(context, path, `${JSON.stringify(signCommand(each, key))}\n`);
      files.push(path);
    }
    report(context, options, { data: { publicKey, files }, lines: files.map((path) => `signed: ${path}`) });
  });
}
