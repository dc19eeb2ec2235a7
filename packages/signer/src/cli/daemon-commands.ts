import { Command } from 'commander';
import { journalFiles, readConfig } from '#authority/region.ts';
import { type CliContext, report } from '#cli/context.ts';
import { askRunning, type SocketOptions, socketOf } from '#cli/running.ts';
import { listeningOf, serveDaemon } from '#cli/serving.ts';
import { findRegionUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { SignerError } from '#error.ts';
import { type JournalFiles, readJournal } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { openSignerService, type SignerService } from '#service.ts';
import type { SignerStatus } from '#status.ts';

interface DaemonOptions extends SocketOptions, UnlockOptions {
  json?: boolean;
}

interface ServeOptions extends DaemonOptions {
  listenFd?: string;
  untilStdinEnds?: boolean;
}

export function serveCommand(context: CliContext): Command {
  const command = new Command('serve')
    .description("open a region's keys and sign for its hubs, within the policy of signer.json")
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--socket <path>', 'Unix socket (0600, in a directory of mode 0700); by default in --dir')
    .option('--listen-fd <n>', 'listening socket that the service manager passes, instead of --socket')
    .option('--until-stdin-ends', 'end when standard input does, so as not to outlive the parent')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: ServeOptions) => {
    const { json, untilStdinEnds } = options;
    const listening = listeningOf(options, socketOf(options));
    const service = await open(context, options);
    try {
      const ready = async (socket: string) => {
        const status = await service.call('status', {});
        return {
          data: { event: 'ready', socket, ...status },
          lines: [`the signer of region '${status.region}' serves at ${socket}`, ...status.alerts],
        };
      };
      await serveDaemon(context, service, { listening, ready, untilStdinEnds, json });
    } finally {
      await service.close();
    }
  });
}

export function statusCommand(context: CliContext): Command {
  return new Command('status')
    .description('what the running signer says of itself')
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--socket <path>', 'of the running signer, if not in its directory')
    .option('--json', 'print JSON')
    .action(async (options: DaemonOptions) => {
      const status = await askRunning(options, 'status', {});
      if (status === undefined)
        throw new SignerError(
          'signer_unreachable',
          `no signer answers at ${socketOf(options)}: start it with 'signer serve'`,
        );
      report(context, options, { data: status, lines: describe(status) });
    });
}

export function clockCommands(context: CliContext): Command {
  const accept = new Command('accept')
    .description("vouch for this machine's clock after the signer was silent for more than seven days")
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--json', 'print JSON');
  withUnlockOptions(accept).action(async (options: DaemonOptions) => {
    const service = await open(context, options, { acceptClockLeap: true });
    await service.close();
    const time = new Date(context.clock.now()).toISOString();
    report(context, options, { data: { time }, lines: [`the signer goes on from ${time}`] });
  });
  return new Command('clock').description("the signer's time").addCommand(accept);
}

export function journalCommands(context: CliContext): Command {
  const restart = new Command('restart')
    .description('start a new journal after the old one was lost or damaged; what is left of it is kept')
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--json', 'print JSON')
    .action(async (options: DaemonOptions) => {
      const place = { dir: options.dir, disk: context.disk };
      const { region } = await readConfig(place);
      const lock = await context.disk.lock?.(options.dir);
      try {
        const files = journalFiles(place);
        if (await isIntact(files))
          throw new SignerError(
            'bad_argument',
            `${files.path} is intact: there is no reason to start another`,
          );
        await Journal.restart(files, { kind: 'opened', at: context.clock.now(), region });
      } finally {
        await lock?.release();
      }
      report(context, options, {
        data: { region, restarted: true },
        lines: ['a new journal was started: register the hub instances again (signer instance register)'],
      });
    });
  return new Command('journal').description("the signer's record of its acts").addCommand(restart);
}

async function isIntact(files: JournalFiles): Promise<boolean> {
  try {
    await readJournal(files);
    return true;
  } catch (error) {
    if (error instanceof SignerError && error.code.startsWith('journal_')) return false;
    throw error;
  }
}

async function open(
  context: CliContext,
  options: DaemonOptions,
  more: { acceptClockLeap?: boolean } = {},
): Promise<SignerService> {
  const { dir } = options;
  const unlock = await findRegionUnlock(context, options);
  const service = await openSignerService({ dir, unlock, clock: context.clock, disk: context.disk, ...more });
  unlock.destroy();
  return service;
}

function describe(status: SignerStatus): string[] {
  const iso = (time: number): string => new Date(time).toISOString();
  return [
    `region        ${status.region}, root fingerprint ${status.rootFingerprint || '(not certified yet)'}`,
    `time          ${iso(status.time)}`,
    `instances     ${status.instances.map(({ instance }) => instance).join(', ') || 'none'}; newest serial ${status.instanceSerial}, void below ${status.minInstanceSerial}`,
    ...status.certificates.map(({ role, notAfter }) => `certificate   ${role} until ${iso(notAfter)}`),
    `enrolments    ${status.enrolmentsLastHour} of ${status.enrolmentsPerHour} in the last hour`,
    `journal       ${status.journal.entries} entries, head ${status.journal.head}`,
    ...status.alerts.map((alert) => `ALERT         ${alert}`),
  ];
}
