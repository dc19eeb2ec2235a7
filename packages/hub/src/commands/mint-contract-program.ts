import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import type { ChangeOptions, NodeOptions, RotateOptions } from './mint-contract.ts';

const PLACE = `
The place, which is the same file for everybody who signs:
  {"networkId": "stoa", "namespace": "n_…", "minter": "HEX",
   "gov": {"keys": ["HEX", …], "pred": "keys-2"}, "payer": {"account": "k:…", "publicKey": "HEX"}}
Holders sign the files that are written, each on a machine of their own: stoa-signer governance sign, or a wallet that signs
files. Nothing in them is secret. A signature of governance for 'deploy' and 'upgrade' can write any register: read what is signed.`;

/** `stoa-hub mint contract …`: beside no hub but for `adopt`; it knows no key. */
export function addMintContractCommands(mint: Command, here: () => CommandContext): void {
  const contract = mint
    .command('contract')
    .description('the contract of the registers on ten chains: what holders of governance sign')
    .addHelpText('after', `${PLACE}\n\n${EXIT_CODES}`);
  const commands = () => import('./mint-contract.ts');
  const change = (name: string, description: string) =>
    contract
      .command(name)
      .description(description)
      .requiredOption('--place <file>', 'who governs, mints and pays, as JSON')
      .requiredOption('--out <dir>', 'where the unsigned commands go, one a chain')
      .requiredOption('--signer <key...>', 'public keys of governance that sign this time, hex')
      .option('--gas-price <stoa>', 'of a unit of gas', '0.000000011')
      .option('--hours <n>', 'how long signatures are good, 1 to 48', '48');
  change('deploy', 'namespace, keyset, module, tables and minter, on chains that have none of it').action(
    async (options: ChangeOptions) => (await commands()).deployContract(here(), options),
  );
  change('upgrade', "the module of this version over another's; registers stay").action(
    async (options: ChangeOptions) => (await commands()).upgradeContract(here(), options),
  );
  change('rotate', 'another minter, or another governance')
    .option('--minter <key>', 'the public key of the new one, hex')
    .option('--gov <file>', 'the keyset of the new one, as JSON; each of its keys signs as well')
    .action(async (options: RotateOptions) => (await commands()).rotateContract(here(), options));
  contract
    .command('adopt')
    .requiredOption('--reason <text>', 'told in the audit log')
    .option('--json', 'print one JSON object')
    .description(
      'beside a hub: the contract that is set (MINT_CONTRACT, CHAINWEB_NETWORK, MINT_NODES) instead of the former one, once nothing of that is open and the ledger was reset',
    )
    .action(async ({ reason, json }: { reason: string; json?: boolean }) => {
      const context = here();
      const told = { ...context, json: context.json || json === true };
      await (await import('./mint-adoption.ts')).adoptContract(told, { reason });
    });
  const reach = (command: Command) =>
    command.requiredOption('--node <url...>', 'service APIs of nodes that you trust, http://127.0.0.1:1848');
  reach(
    contract
      .command('send')
      .argument('<file...>', 'signed commands; parts that holders signed apart are joined')
      .description('verify every signature, then tell the nodes'),
  ).action(async (files: string[], options: NodeOptions) =>
    (await commands()).sendContract(here(), files, options),
  );
  reach(
    contract
      .command('verify')
      .requiredOption('--place <file>', 'who governs, mints and pays, as JSON')
      .description('ten chains have one module under the keys of the place: print its hash, which mints pin'),
  ).action(async (options: NodeOptions & { place: string }) =>
    (await commands()).verifyContract(here(), options),
  );
}
