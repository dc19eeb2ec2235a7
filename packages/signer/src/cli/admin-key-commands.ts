import { fromHex, isStrongPublicKey, seal, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { Command } from 'commander';
import { type AdminKeyOrder, adminKeyOrderKind } from '#authority/admin-key.ts';
import { REGION_FILES } from '#authority/region.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { askRunning, type SocketOptions } from '#cli/running.ts';
import { findRegionUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { openKeyFile } from '#keys/key-file.ts';
import { openSignerService } from '#service.ts';
import { readRegionState } from '#verification.ts';

interface AdminOptions extends SocketOptions, UnlockOptions {
  admin: string;
  json?: boolean;
}

interface AddOptions extends AdminOptions {
  publicKey: string;
  fingerprint?: string;
}

/** The list of admins whose keys may order work: it is kept here, out of any hub's reach. */
export function adminKeyCommands(context: CliContext): Command {
  return new Command('admin-key')
    .description('the admins whose keys may be certified for orders')
    .addCommand(addCommand(context))
    .addCommand(removeCommand(context))
    .addCommand(listCommand(context));
}

function ordering(name: string): Command {
  return withUnlockOptions(
    new Command(name)
      .requiredOption('--dir <path>', "the signer's directory")
      // As hubs have accounts: orders name them, and names are compared by their bytes.
      .requiredOption('--admin <email>', "the admin's account", (text: string) => text.trim().toLowerCase())
      .option('--socket <path>', 'of the running signer, if not in its directory')
      .option('--json', 'print JSON'),
  );
}

function addCommand(context: CliContext): Command {
  return ordering('add')
    .description(
      "list an admin's key: the region's nodes will take its orders; takes the opening of the region's instances key",
    )
    .requiredOption('--public-key <hex>', "the admin's owner key, as the hub shows it")
    .option(
      '--fingerprint <hex>',
      'as the admin reads it from the own key, by another way than the hub; else it is asked for',
    )
    .action(async (options: AddOptions) => {
      const { admin } = options;
      const publicKey = parseKey(options.publicKey);
      const fingerprint = toHex(nodeCrypto.hash(publicKey));
      await requireFingerprint(context, options, fingerprint);
      await give(context, options, { order: 'add', admin, publicKey, at: context.clock.now() });
      report(context, options, {
        data: { admin, publicKey: options.publicKey, fingerprint },
        lines: [`the key ${fingerprint} of ${admin} may order work in this region`],
      });
    });
}

/** The hub shows the public key, and a hub may lie: what binds it to the person comes from the person. */
async function requireFingerprint(
  { io }: CliContext,
  { fingerprint, admin }: AddOptions,
  expected: string,
): Promise<void> {
  if (fingerprint === undefined && io.ask === undefined)
    throw new UsageError('--fingerprint is missing, and there is no terminal to ask at');
  const told = fingerprint ?? (await io.ask!(`Fingerprint of the key as ${admin} tells it: `));
  if (told.replaceAll(/\s/g, '').toLowerCase() !== expected)
    throw new UsageError(
      `the fingerprint is not that of the public key, which is ${expected}: nothing was listed. Ask ${admin} for 'stoa-hub key show'`,
    );
}

function removeCommand(context: CliContext): Command {
  return ordering('remove')
    .description("certify an admin's key no more; what it has ends within 30 days")
    .action(async (options: AdminOptions) => {
      const { admin } = options;
      const at = context.clock.now();
      await give(context, options, { order: 'remove', admin, publicKey: undefined, at });
      report(context, options, {
        data: { admin, removed: true },
        lines: [`the key of ${admin} is certified no more; its last certificate ends within 30 days`],
      });
    });
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('the listed admins and their keys; opens nothing')
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--json', 'print JSON')
    .action(async (options: { dir: string; json?: boolean }) => {
      const { state } = await readRegionState({ dir: options.dir, disk: context.disk });
      const admins = [...state.adminKeys].map(([admin, { publicKey, addedAt }]) => ({
        admin,
        publicKey,
        fingerprint: toHex(nodeCrypto.hash(fromHex(publicKey))),
        addedAt: new Date(addedAt).toISOString(),
      }));
      report(context, options, {
        data: { admins },
        lines:
          admins.length === 0
            ? ['no admin is listed']
            : admins.map(({ admin, fingerprint, addedAt }) => `${admin}  ${fingerprint}  since ${addedAt}`),
      });
    });
}

/** Signed here, obeyed by whoever holds the directory: the running signer, or this very process. */
async function give(context: CliContext, options: AdminOptions, order: AdminKeyOrder): Promise<void> {
  const { dir } = options;
  if (Buffer.byteLength(order.admin) > 254) throw new UsageError('--admin has 254 bytes at most');
  const unlock = await findRegionUnlock(context, options);
  const path = REGION_FILES.key(dir, 'instances');
  const key = await openKeyFile({ path, purpose: 'instances', unlock, disk: context.disk });
  const sealed = seal(adminKeyOrderKind, order, key);
  if ((await askRunning(options, 'adminKeyOrder', { sealed })) !== undefined) return;
  const service = await openSignerService({ dir, unlock, clock: context.clock, disk: context.disk });
  try {
    await service.call('adminKeyOrder', { sealed });
  } finally {
    await service.close();
  }
}

function parseKey(hex: string): Uint8Array {
  const key = /^[0-9a-f]{64}$/.test(hex) ? fromHex(hex) : undefined;
  if (key === undefined || !isStrongPublicKey(key))
    throw new UsageError(`--public-key is '${hex}' (expected a public key in 64 hex digits)`);
  return key;
}
