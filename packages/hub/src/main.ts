#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addAuditCommands } from './commands/audit-program.ts';
import { addBackupCommands } from './commands/backup-program.ts';
import type { CommandContext } from './commands/context.ts';
import { EXIT, EXIT_CODES, exitCodeOf } from './commands/exit.ts';
import { addGapCommands } from './commands/gaps.ts';
import { addJobCommands } from './commands/jobs-program.ts';
import { addKeyCommands } from './commands/key.ts';
import { addLedgerCommands } from './commands/ledger-program.ts';
import { addMintCommands } from './commands/mint-program.ts';
import { addNodeCommands } from './commands/nodes-program.ts';
import { addPayoutCommands } from './commands/payout-program.ts';
import { addReleaseCommands } from './commands/release-program.ts';
import { addRolloutCommands } from './commands/rollout-program.ts';
import { addScoreCommands } from './commands/score-program.ts';
import { addSshCommands } from './commands/ssh-program.ts';
import { addSybilCommands } from './commands/sybil-program.ts';
import type { TokenOptions } from './commands/token.ts';
import { describeConfig, loadConfig } from './config.ts';
import { VERSION } from './version.ts';

function context(json: boolean, signal: AbortSignal): CommandContext {
  return {
    config: loadConfig(process.env),
    version: VERSION,
    out: (text) => process.stdout.write(`${text}\n`),
    json,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
  };
}

function program(signal: AbortSignal): Command {
  const root = new Command('stoa-hub')
    .description('The control plane of a fleet of StoaChain mining nodes')
    .version(VERSION)
    .option('--json', 'print one JSON object on the last line', false)
    .addHelpText('after', `\nSettings, from the environment [default]:\n${describeConfig()}\n\n${EXIT_CODES}`)
    .exitOverride();
  const here = () => context(root.opts<{ json: boolean }>().json, signal);
  root
    .command('init')
    .description("make this instance's key and a development root; say where each key belongs")
    .action(async () => (await import('./commands/init.ts')).init(here()));
  root
    .command('serve')
    .description('run the hub')
    .action(async () => (await import('./commands/serve.ts')).serve(here()));
  root
    .command('migrate')
    .description("bring the database to this version's schema")
    .action(async () => (await import('./commands/migrate.ts')).migrate(here()));
  root
    .command('worker')
    .description('run work over SSH that the hub queued, on this host or another')
    .action(async () => (await import('./commands/worker.ts')).worker(here()));
  root
    .command('checkpoint')
    .argument('<url>', 'service API of a chainweb node that you trust, http://127.0.0.1:1848')
    .description('print a checkpoint file, the headers on which everything verified later rests')
    .action(async (url: string) => (await import('./commands/checkpoint.ts')).checkpoint(here(), url));
  root
    .command('login-link')
    .argument('[email]', 'of the admin; ADMIN_EMAIL where none is named')
    .description('make a new login link, beside a running hub: works once, within 24 hours')
    .action(async (email?: string) => (await import('./commands/login-link.ts')).loginLink(here(), email));
  root
    .command('admin')
    .description('what takes a shell on the machine of the hub')
    .command('reset-link')
    .argument('<email>', 'of the account')
    .description('make a link by which the account chooses a new password: works once, within an hour')
    .action(async (email: string) => (await import('./commands/reset-link.ts')).resetLink(here(), email));
  root
    .command('token')
    .description('join tokens')
    .command('new')
    .description('make a join token, beside a running hub; it is shown once')
    .requiredOption('--owner <email>', 'whose node it will be')
    .option('--label <label>', 'name of the node; -2, -3, … follow where the token serves several')
    .option('--uses <n>', 'how many nodes may join with it', '1')
    .option('--ttl <minutes>', 'how long it is good', '15')
    .action(async (options: TokenOptions) => (await import('./commands/token.ts')).newToken(here(), options));
  addKeyCommands(root, () => ({
    json: root.opts<{ json: boolean }>().json,
    out: (text) => process.stdout.write(`${text}\n`),
    ask: (question) => process.stderr.write(question),
  }));
  addNodeCommands(root, here);
  addJobCommands(root, here);
  addSshCommands(root, here);
  addReleaseCommands(root, here);
  addRolloutCommands(root, here);
  addGapCommands(root, here);
  addLedgerCommands(root, here);
  addMintCommands(root, here);
  addScoreCommands(root, here);
  addSybilCommands(root, here);
  addPayoutCommands(root, here);
  addAuditCommands(root, here);
  addBackupCommands(root, here);
  root
    .command('import')
    .argument('<file>', 'JSON lines as docs/import.md describes them; - is the standard input')
    .option('--dry-run', 'say what would be made, changed and left, and write nothing', false)
    .description('take over accounts, nodes and balances of another hub: all or, on any problem, nothing')
    .action(async (file: string, options: { dryRun: boolean }) =>
      (await import('./commands/import.ts')).importFile(here(), file, options),
    );
  root
    .command('alerts')
    .description('what the hub tells people')
    .command('test')
    .argument('<email>', 'where the test goes')
    .description('send a test e-mail, as Send test does: says whether the mail server took it')
    .action(async (email: string) => (await import('./commands/alerts.ts')).testAlerts(here(), email));
  return root;
}

async function main(): Promise<void> {
  const stop = new AbortController();
  // `on`, not `once`: a terminal's SIGINT may come twice (from the group and from a parent), and a second must not kill the drain.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  try {
    await program(stop.signal).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
      return;
    }
    const { code, message, fix } = error as { code?: string; message?: string; fix?: string };
    const told = [message ?? String(error), fix, code && `[${code}]`].filter(Boolean).join(' ');
    process.stderr.write(`stoa-hub: ${told}\n`);
    process.exitCode = exitCodeOf(code);
  }
}

// `… | head` closes the pipe: what nobody reads any more was not wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

await main();
