import { fromHex, seal } from '@stoa/protocol';
import { Command } from 'commander';
import { type InstanceOrder, instanceOrderKind } from '#authority/instance.ts';
import { REGION_FILES } from '#authority/region.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { askRunning, type SocketOptions } from '#cli/running.ts';
import { findRegionUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { openKeyFile } from '#keys/key-file.ts';
import { openSignerService } from '#service.ts';
import { readRegionState } from '#verification.ts';

interface InstanceOptions extends SocketOptions, UnlockOptions {
  instance: string;
  json?: boolean;
}

export function instanceCommands(context: CliContext): Command {
  return new Command('instance')
    .description('the hub instances that may ask for certificates')
    .addCommand(registerCommand(context))
    .addCommand(retireCommand(context))
    .addCommand(listCommand(context));
}

function ordering(name: string): Command {
  return withUnlockOptions(
    new Command(name)
      .requiredOption('--dir <path>', "the signer's directory")
      .requiredOption('--instance <name>', 'name of the hub instance')
      .option('--socket <path>', 'of the running signer, if not in its directory')
      .option('--json', 'print JSON'),
  );
}

function registerCommand(context: CliContext): Command {
  return ordering('register')
    .description("let a hub instance have certificates; takes the opening of the region's instances key")
    .requiredOption('--public-key <hex>', "the instance's public key, as the hub shows it")
    .action(async (options: InstanceOptions & { publicKey: string }) => {
      const { instance } = options;
      const publicKey = parsePublicKey(options.publicKey);
      await give(context, options, { order: 'register', instance, publicKey, at: context.clock.now() });
      report(context, options, {
        data: { instance, publicKey: options.publicKey },
        lines: [`instance '${instance}' is registered with key ${options.publicKey}`],
      });
    });
}

function retireCommand(context: CliContext): Command {
  return ordering('retire')
    .description(
      'no more certificates for an instance; all certificates so far are void, and the others renew',
    )
    .action(async (options: InstanceOptions) => {
      const { instance } = options;
      await give(context, options, {
        order: 'retire',
        instance,
        publicKey: undefined,
        at: context.clock.now(),
      });
      report(context, options, {
        data: { instance, retired: true },
        lines: [`instance '${instance}' is retired; the next region time voids its certificate`],
      });
    });
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('the registered instances; opens nothing')
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--json', 'print JSON')
    .action(async (options: { dir: string; json?: boolean }) => {
      const { state } = await readRegionState({ dir: options.dir, disk: context.disk });
      const instances = [...state.instances].map(([instance, { publicKey, registeredAt }]) => ({
        instance,
        publicKey,
        registeredAt: new Date(registeredAt).toISOString(),
      }));
      report(context, options, {
        data: { instances },
        lines:
          instances.length === 0
            ? ['no instance is registered']
            : instances.map(
                ({ instance, publicKey, registeredAt }) => `${instance}  ${publicKey}  since ${registeredAt}`,
              ),
      });
    });
}

/** Signed here, obeyed by whoever holds the directory: the running signer, or this very process. */
async function give(context: CliContext, options: InstanceOptions, order: InstanceOrder): Promise<void> {
  const { dir } = options;
  const unlock = await findRegionUnlock(context, options);
  const path = REGION_FILES.key(dir, 'instances');
  const key = await openKeyFile({ path, purpose: 'instances', unlock, disk: context.disk });
  const sealed = seal(instanceOrderKind, order, key);
  if ((await askRunning(options, 'order', { sealed })) !== undefined) return;
  const service = await openSignerService({ dir, unlock, clock: context.clock, disk: context.disk });
  try {
    await service.call('order', { sealed });
  } finally {
    await service.close();
  }
}

function parsePublicKey(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/i.test(hex))
    throw new UsageError(`--public-key is '${hex}' (expected 64 hex digits, as 'stoa-hub' shows them)`);
  return fromHex(hex);
}
