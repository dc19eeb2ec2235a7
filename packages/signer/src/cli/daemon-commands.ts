import { Command } from 'commander';
import { journalFiles, readConfig } from '#authority/region.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { ErrorLog } from '#cli/error-log.ts';
import { askRunning, type SocketOptions, socketOf } from '#cli/running.ts';
import { findRegionUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { SignerError } from '#error.ts';
import { type JournalFiles, readJournal } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { openSignerService, type SignerService } from '#service.ts';
import type { SignerStatus } from '#status.ts';
import { type Listening, serveSigner } from '#wire/server.ts';

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
    const listening = listeningOf(options);
    const service = await open(context, options);
    try {
      await serve(context, service, { ...options, listening });
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

function listeningOf(options: ServeOptions): Listening {
  const { listenFd, socket } = options;
  if (listenFd === undefined) return { socketPath: socketOf(options) };
  if (socket !== undefined) throw new UsageError('give one of --socket and --listen-fd');
  if (!/^[3-9]$/.test(listenFd)) throw new UsageError(`--listen-fd is '${listenFd}' (expected 3 to 9)`);
  return { fd: Number(listenFd) };
}

async function serve(
  context: CliContext,
  service: SignerService,
  options: ServeOptions & { listening: Listening },
): Promise<void> {
  const { io, signal, clock } = context;
  const { listening } = options;
  const log = new ErrorLog({ clock, write: (line) => io.err(`${line}\n`) });
  const server = await serveSigner(service, {
    listening,
    onError: (method, error) => log.add(method, error),
  });
  try {
    const status = await service.call('status', {});
    const place = 'fd' in listening ? `descriptor ${listening.fd}` : listening.socketPath;
    report(context, options, {
      data: { event: 'ready', socket: place, ...status },
      lines: [`the signer of region '${status.region}' serves at ${place}`, ...status.alerts],
    });
    const ends = [aborted(signal), ...(options.untilStdinEnds === true ? [io.stdinEnd()] : [])];
    await Promise.race(ends);
  } finally {
    await server.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
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
