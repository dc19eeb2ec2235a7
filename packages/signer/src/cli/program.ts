import { fromHex } from '@stoa/protocol';
import { MintError } from '@stoa/protocol/mint';
import { ReleaseError } from '@stoa/protocol/release';
import { Command, CommanderError } from 'commander';
import { adminKeyCommands } from '#cli/admin-key-commands.ts';
import { artefactCommands } from '#cli/artefact-commands.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { clockCommands, journalCommands, serveCommand, statusCommand } from '#cli/daemon-commands.ts';
import { governanceCommands } from '#cli/governance-commands.ts';
import { instanceCommands } from '#cli/instance-commands.ts';
import { mintCommands } from '#cli/mint-commands.ts';
import { ownerKeyCommands } from '#cli/owner-key-commands.ts';
import { regionCommands } from '#cli/region-commands.ts';
import { releaseCommands } from '#cli/release-commands.ts';
import { rootCommands } from '#cli/root-commands.ts';
import { createDevelopmentKeys, reportCeremony } from '#development.ts';
import { SignerError } from '#error.ts';
import { verifyRegion, verifyRoot } from '#verification.ts';

const DONE = 0;
const FAILED = 1;
const USAGE = 2;

/** Runs one command line. @returns exit code: 0 done, 1 failed, 2 called wrongly. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const outcome = { ok: true };
  const program = createProgram(context, outcome);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return outcome.ok ? DONE : FAILED;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
    complain(context, args.includes('--json'), error);
    return error instanceof UsageError ? USAGE : FAILED;
  }
}

function createProgram(context: CliContext, outcome: { ok: boolean }): Command {
  const program = new Command('signer')
    .description(
      "Custody of the keys that certify hubs and nodes, and of those that sign releases: root, regions, holders, and the daemon that signs for a region's hubs.",
    )
    .addCommand(rootCommands(context))
    .addCommand(regionCommands(context))
    .addCommand(instanceCommands(context))
    .addCommand(adminKeyCommands(context))
    .addCommand(artefactCommands(context))
    .addCommand(releaseCommands(context))
    .addCommand(ownerKeyCommands(context))
    .addCommand(mintCommands(context))
    .addCommand(governanceCommands(context))
    .addCommand(serveCommand(context))
    .addCommand(statusCommand(context))
    .addCommand(verifyCommand(context, outcome))
    .addCommand(clockCommands(context))
    .addCommand(journalCommands(context))
    .addCommand(developmentCommand(context));
  prepare(program, context);
  return program;
}

/** Commander neither ends the process nor writes past the context. */
function prepare(command: Command, context: CliContext, parents: readonly string[] = []): void {
  const names = [...parents, command.name()];
  command.exitOverride().configureOutput({ writeOut: context.io.out, writeErr: context.io.err });
  command.showHelpAfterError(`(see '${names.join(' ')} --help')`);
  for (const child of command.commands) prepare(child, context, names);
}

function verifyCommand(context: CliContext, outcome: { ok: boolean }): Command {
  return new Command('verify')
    .description('check key files, certificates and journals without opening a key')
    .option('--dir <path>', "the signer's directory")
    .option('--root <path>', 'directory of the root')
    .option('--json', 'print JSON')
    .action(async (options: { dir?: string; root?: string; json?: boolean }) => {
      const { disk, clock } = context;
      const region = options.dir === undefined ? undefined : { dir: options.dir, disk };
      const root = options.root === undefined ? undefined : { dir: options.root, disk };
      if (region === undefined && root === undefined) throw new UsageError('give --dir, --root or both');
      const checks = [
        ...(region === undefined ? [] : await verifyRegion(region, clock.now())),
        ...(root === undefined ? [] : await verifyRoot(root, region)),
      ];
      outcome.ok = checks.every(({ ok }) => ok);
      report(context, options, {
        data: { ok: outcome.ok, checks },
        lines: checks.map(({ name, ok, detail }) => `${ok ? 'ok    ' : 'FAILED'}  ${name}: ${detail}`),
      });
    });
}

interface DevelopmentFlags {
  dir: string;
  region: string;
  instance: string[];
  json?: boolean;
}

function developmentCommand(context: CliContext): Command {
  return new Command('development')
    .description('the whole ceremony in one directory, for one machine; what exists is kept')
    .requiredOption('--dir <path>', "the signer's directory")
    .option('--region <name>', 'name of the region', 'local')
    .option('--instance <name=hex...>', 'hub instances to register, each with its public key', [])
    .option('--json', 'print JSON')
    .action(async ({ dir, region, instance, json = false }: DevelopmentFlags) => {
      const { clock, random, disk } = context;
      const instances = instance.map(parseInstance);
      const keys = await createDevelopmentKeys({ dir, region, clock, random, disk, instances });
      const ceremony = reportCeremony(keys);
      report(
        context,
        { json },
        {
          data: ceremony,
          lines: [
            `root fingerprint  ${ceremony.rootFingerprint}`,
            ...ceremony.places.flatMap(({ key, path, belongs }) => [
              `${key.padEnd(10)} ${path}`,
              `${''.padEnd(10)} belongs ${belongs}`,
            ]),
          ],
        },
      );
    });
}

function parseInstance(text: string): { instance: string; publicKey: Uint8Array } {
  const [, instance, hex] = /^([^=]{1,64})=([0-9a-f]{64})$/i.exec(text) ?? [];
  if (instance === undefined || hex === undefined)
    throw new UsageError(`--instance is '${text}' (expected NAME=PUBLICKEY, the key in 64 hex digits)`);
  return { instance, publicKey: fromHex(hex) };
}

function complain({ io }: CliContext, json: boolean, error: unknown): void {
  const known =
    error instanceof SignerError ||
    error instanceof UsageError ||
    error instanceof ReleaseError ||
    error instanceof MintError;
  const { code, retry } = known ? error : { code: 'signer_fault', retry: false };
  const message = error instanceof Error ? error.message : String(error);
  if (json) io.err(`${JSON.stringify({ code, message, retry })}\n`);
  else
    io.err(`signer: ${message} [${code}]\n${known || !(error instanceof Error) ? '' : `${error.stack}\n`}`);
}
