import { Command } from 'commander';
import { type CliContext, report } from '#cli/context.ts';
import { listeningOf, serveDaemon } from '#cli/serving.ts';
import { findUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { connectMintSigner, type MintSignerClient } from '#mint/client.ts';
import { MINT_FILES, readMintConfig } from '#mint/place.ts';
import { type MintService, openMintService } from '#mint/service.ts';
import type { MintSignerStatus } from '#mint/status.ts';

interface PlaceOptions {
  dir: string;
  socket?: string;
  json?: boolean;
}

interface ServeOptions extends PlaceOptions, UnlockOptions {
  listenFd?: string;
  untilStdinEnds?: boolean;
  acceptClock?: boolean;
}

export function mintServeCommand(context: CliContext): Command {
  const command = new Command('serve')
    .description("open the minter's key and sign for its hub, within the policy of mint.json")
    .requiredOption('--dir <path>', "the minter's directory")
    .option('--socket <path>', 'Unix socket (0600, in a directory of mode 0700); by default in --dir')
    .option('--listen-fd <n>', 'listening socket that the service manager passes, instead of --socket')
    .option('--until-stdin-ends', 'end when standard input does, so as not to outlive the parent')
    .option('--accept-clock', "vouch for this machine's clock after a silence of more than seven days")
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: ServeOptions) => {
    const { json, untilStdinEnds } = options;
    const listening = listeningOf(options, MINT_FILES.socket(options.dir));
    const service = await openHere(context, options);
    try {
      const ready = async (socket: string) => {
        const status = await service.call('status', {});
        return {
          data: { event: 'ready', socket, ...status },
          lines: [
            `the signer of ${status.contract} on ${status.networkId} serves at ${socket}`,
            ...status.alerts,
          ],
        };
      };
      await serveDaemon(context, service, { listening, ready, untilStdinEnds, json });
    } finally {
      await service.close();
    }
  });
}

export function mintStatusCommand(context: CliContext): Command {
  return running('status', "what the running minter's signer says of itself").action(
    async (options: PlaceOptions) => {
      const status = await asking(options, (signer) => signer.status());
      report(context, options, { data: status, lines: describe(status) });
    },
  );
}

export function killCommand(context: CliContext): Command {
  return running('kill', 'stop it: it signs nothing any more, also after a restart')
    .requiredOption('--reason <text>', 'for whoever finds it stopped')
    .action(async (options: PlaceOptions & { reason: string }) => {
      const { reason } = options;
      await asking(options, (signer) => signer.kill(reason));
      report(context, options, { data: { running: 'killed', reason }, lines: [`it was stopped: ${reason}`] });
    });
}

/** Not over the socket: a hub that was taken over must not undo it. */
export function reviveCommand(context: CliContext): Command {
  const command = new Command('revive')
    .description("let it go on after a kill; stop 'mint serve' before")
    .requiredOption('--dir <path>', "the minter's directory")
    .requiredOption('--reason <text>', 'what was found')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: ServeOptions & { reason: string }) => {
    const service = await openHere(context, options);
    try {
      await service.revive(options.reason);
    } finally {
      await service.close();
    }
    report(context, options, { data: { running: 'yes', reason: options.reason }, lines: ['it goes on'] });
  });
}

async function openHere(context: CliContext, options: ServeOptions): Promise<MintService> {
  const { dir, acceptClock = false } = options;
  const { clock, disk } = context;
  await readMintConfig({ dir, disk });
  const unlock = await findUnlock(context, options, [dir]);
  try {
    return await openMintService({ dir, unlock, clock, disk, acceptClockLeap: acceptClock });
  } finally {
    unlock.destroy();
  }
}

function running(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption('--dir <path>', "the minter's directory")
    .option('--socket <path>', 'of the running signer, if not in its directory')
    .option('--json', 'print JSON');
}

/** @throws SignerError `signer_unreachable` where none runs. */
async function asking<T>(
  { dir, socket }: PlaceOptions,
  ask: (signer: MintSignerClient) => Promise<T>,
): Promise<T> {
  const signer = connectMintSigner({ socketPath: socket ?? MINT_FILES.socket(dir) });
  try {
    return await ask(signer);
  } finally {
    await signer.close();
  }
}

function describe(status: MintSignerStatus): string[] {
  const { points, slots, gas } = status.today;
  return [
    `contract      ${status.contract} on ${status.networkId}, module hash ${status.moduleHash}`,
    `key           ${status.publicKey}, gas from ${status.sender}`,
    `time          ${new Date(status.time).toISOString()}`,
    `last epoch    ${status.lastEpoch || 'none yet'}; lease ${status.lease}`,
    `today         ${points} points, ${slots} new slots, ${gas} ANU of gas at most`,
    `journal       ${status.journal.entries} entries, head ${status.journal.head}`,
    ...status.alerts.map((alert) => `ALERT         ${alert}`),
  ];
}
