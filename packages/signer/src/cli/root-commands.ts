import { dirname } from 'node:path';
import { fromHex, toBase64Url, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { Command } from 'commander';
import { createRoot, openRoot, readRootKey } from '#authority/root.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { findUnlock, makeUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';

interface RootOptions extends UnlockOptions {
  dir: string;
  json?: boolean;
}

export function rootCommands(context: CliContext): Command {
  return new Command('root')
    .description(
      "the offline root key, which certifies regions; who signs releases is another root's: 'signer release root'",
    )
    .addCommand(initCommand(context))
    .addCommand(showCommand(context))
    .addCommand(revokeCommand(context));
}

function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description('make the root key, sealed')
    .requiredOption('--dir <path>', 'directory of the root, best on a medium that is kept offline')
    .option('--force', 'keep the old key beside the new one and make a new one')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: RootOptions & { force?: boolean }) => {
    const unlock = await makeUnlock(context, options);
    const force = options.force ?? false;
    const { disk, random, clock } = context;
    const root = await createRoot({ dir: options.dir, disk }, { unlock, random, now: clock.now(), force });
    printRoot(context, options, root.publicKey);
  });
}

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('print the public key and its fingerprint; opens nothing')
    .requiredOption('--dir <path>', 'directory of the root')
    .option('--json', 'print JSON')
    .action(async (options: RootOptions) => {
      printRoot(context, options, await readRootKey({ dir: options.dir, disk: context.disk }));
    });
}

function revokeCommand(context: CliContext): Command {
  const command = new Command('revoke')
    .description('sign a revocation: the nodes named wipe their identity, which cannot be taken back')
    .requiredOption('--dir <path>', 'directory of the root')
    .requiredOption('--node <id...>', 'node ids, 64 hex digits each')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: RootOptions & { node: string[] }) => {
    const nodeIds = options.node.map(parseNodeId);
    const { dir } = options;
    const unlock = await findUnlock(context, options, [dir, dirname(dir)]);
    const root = await openRoot({ dir, disk: context.disk }, unlock);
    const revocation = toBase64Url(await root.revoke(nodeIds, context.clock.now()));
    report(context, options, { data: { revocation, nodes: options.node }, lines: [revocation] });
  });
}

function parseNodeId(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new UsageError(`'${hex}' is no node id (expected 64 hex digits)`);
  return fromHex(hex);
}

function printRoot(context: CliContext, options: RootOptions, publicKey: Uint8Array): void {
  const root = toHex(publicKey);
  const rootFingerprint = toHex(nodeCrypto.hash(publicKey));
  report(context, options, {
    data: { dir: options.dir, root, rootFingerprint },
    lines: [`root key     ${root}`, `fingerprint  ${rootFingerprint}`],
  });
}
