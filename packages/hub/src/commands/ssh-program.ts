import type { Command } from 'commander';
import type { BootstrapOptions } from './bootstrap.ts';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import type { NodeWorkOptions } from './node-work.ts';

const ON_NODES = [
  ['recover', 'agent-recover', 'bring a dead agent back, replace a broken version, join anew'],
  ['reseat', 'key-reseat', 'put a new key of ours in place; the old one goes once the new one works'],
  ['agent-install', 'agent-install', 'install the version of the agent that this hub offers'],
] as const;

/** `stoa-hub bootstrap` and `stoa-hub ssh …`, beside a running hub. */
export function addSshCommands(root: Command, here: () => CommandContext): void {
  root
    .command('bootstrap')
    .argument('[host]', 'name or address of a bare host; --csv for many')
    .description('make bare hosts nodes over SSH, and follow it to its end')
    .requiredOption('--owner <email>', 'whose node it becomes')
    .option('--user <name>', 'whom to sign in as: root, or one with sudo', 'root')
    .option('--port <n>', 'of its SSH server', '22')
    .option('--label <label>', 'name of the node; empty for one by its id', '')
    .option('--password-stdin', 'read the one-time password from the standard input', false)
    .option('--key <file>', 'a private key without passphrase, used once; never stored')
    .option('--csv <file>', 'many hosts: host,port,user,password,label a line')
    .option('--host-key <fingerprint>', 'accept this key, SHA256:…, and no other, without a question')
    .option('--yes-known', 'accept keys that were accepted before, and no others, without a question', false)
    .option('--no-wait', 'return once it is queued')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (host: string | undefined, options: BootstrapOptions) =>
      (await import('./bootstrap.ts')).bootstrap(here(), host, options),
    );
  const ssh = root.command('ssh').description('what no agent can do for itself, beside a running hub');
  for (const [word, kind, doc] of ON_NODES)
    ssh
      .command(word)
      .argument('<node>', 'its id')
      .description(doc)
      .option('--yes', 'do it without a question', false)
      .option('--no-wait', 'return once it is queued')
      .addHelpText('after', `\n${EXIT_CODES}`)
      .action(async (nodeId: string, options: NodeWorkOptions) =>
        (await import('./node-work.ts')).workOnNode(here(), nodeId, { kind, options }),
      );
}
