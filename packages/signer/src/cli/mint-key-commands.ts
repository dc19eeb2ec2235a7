import { toHex } from '@stoa/protocol';
import { Command } from 'commander';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { readApprovals } from '#cli/mint-approve-command.ts';
import { findUnlock, makeUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { createKeyFile } from '#keys/key-file.ts';
import {
  type Approver,
  type ApproverRole,
  DEFAULT_MINT_POLICY,
  formatMintConfig,
  parseMintConfig,
} from '#mint/config.ts';
import { createMintSigner, restartMintJournal } from '#mint/making.ts';
import { MINT_FILES } from '#mint/place.ts';
import { rotateMinterKey } from '#mint/service.ts';

interface InitOptions extends UnlockOptions {
  dir: string;
  network: string;
  namespace: string;
  module: string;
  moduleHash: string;
  sender?: string;
  program?: string[];
  person?: string[];
  threshold: string;
  people: string;
  json?: boolean;
}

export function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description("make the minter's key, its journal and mint.json on the signer's host")
    .requiredOption('--dir <path>', "the minter's directory")
    .requiredOption('--network <id>', "the chain's network, for instance 'stoa'")
    .requiredOption('--namespace <name>', "the contract's principal namespace, n_…")
    .requiredOption('--module <name>', "the contract's module")
    .requiredOption('--module-hash <hash>', 'as deployed, the same on all ten chains')
    .option('--sender <account>', "who pays gas; by default the k: account of the minter's key")
    .option('--program <name=hex...>', 'unattended approvers, each with its public key')
    .option('--person <name=hex...>', 'people who approve, each with their public key')
    .option('--threshold <n>', 'approvals that every plan takes', '1')
    .option('--people <n>', 'people that an outlier takes', '2')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: InitOptions) => {
    const { dir, network, namespace, module, moduleHash, sender = '', program = [], person = [] } = options;
    const config = parseMintConfig({
      version: 1,
      ...{ networkId: network, namespace, module, moduleHash, sender },
      approvers: [...approversOf(program, 'program'), ...approversOf(person, 'person')],
      threshold: Number(options.threshold),
      people: Number(options.people),
      policy: DEFAULT_MINT_POLICY,
    });
    const { disk, random, clock } = context;
    const unlock = await makeUnlock(context, options);
    const publicKey = await createMintSigner({ dir, disk }, { config, unlock, random, now: clock.now() });
    report(context, options, {
      data: { dir, publicKey, config: MINT_FILES.config(dir) },
      lines: [
        `public key  ${publicKey}`,
        `Have governance name it as the contract's minter (stoa-hub mint contract deploy or rotate), and put gas into ${sender || `k:${publicKey}`} on all ten chains.`,
        `What it signs is bounded by ${MINT_FILES.config(dir)}: read it, then 'signer mint serve --dir ${dir}'.`,
        ...formatMintConfig(config).trimEnd().split('\n'),
      ],
    });
  });
}

function approversOf(texts: readonly string[], role: ApproverRole): Approver[] {
  return texts.map((text) => {
    const [, name, publicKey] = /^([\w.-]{1,32})=([0-9a-f]{64})$/.exec(text) ?? [];
    if (name !== undefined && publicKey !== undefined) return { name, role, publicKey };
    throw new UsageError(`--${role} is '${text}' (expected NAME=PUBLICKEY, the key in 64 hex digits)`);
  });
}

export function approverKeyCommands(context: CliContext): Command {
  const command = new Command('init')
    .description("make an approver's key; the public half that is printed goes to 'mint init'")
    .requiredOption('--file <path>', 'where the sealed key goes')
    .option('--json', 'print JSON');
  withUnlockOptions(command).action(async (options: UnlockOptions & { file: string; json?: boolean }) => {
    const { disk, random } = context;
    const unlock = await makeUnlock(context, options);
    const key = await createKeyFile(
      { path: options.file, purpose: 'mint-approver', unlock, disk },
      { random },
    );
    const publicKey = toHex(key.publicKey);
    report(context, options, {
      data: { file: options.file, publicKey },
      lines: [`public key  ${publicKey}`],
    });
  });
  return new Command('key').description('of who approves plans').addCommand(command);
}

interface HostOptions extends UnlockOptions {
  dir: string;
  acceptClock?: boolean;
  json?: boolean;
}

export function rotateCommand(context: CliContext): Command {
  const command = new Command('rotate')
    .description("make the minter's next key and sign with it from now on; stop 'mint serve' before")
    .requiredOption('--dir <path>', "the minter's directory")
    .option('--accept-clock', "vouch for this machine's clock after a silence of more than seven days")
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: HostOptions) => {
    const { dir, acceptClock = false } = options;
    const { clock, disk, random } = context;
    const unlock = await findUnlock(context, options, [dir]);
    const publicKey = await rotateMinterKey({
      dir,
      unlock,
      clock,
      disk,
      random,
      acceptClockLeap: acceptClock,
    });
    report(context, options, {
      data: { dir, publicKey },
      lines: [
        `public key  ${publicKey}`,
        "Until governance names it as the contract's minter on all ten chains, and its account has gas, every transaction fails.",
      ],
    });
  });
}

export function restartCommand(context: CliContext): Command {
  return new Command('restart')
    .description('start a new journal after the old one was lost or damaged; what is left of it is kept')
    .requiredOption('--dir <path>', "the minter's directory")
    .requiredOption(
      '--approval <path...>',
      "of two people: 'mint approve --restart', as read from all ten chains",
    )
    .option('--json', 'print JSON')
    .action(async (options: { dir: string; approval: string[]; json?: boolean }) => {
      const { disk, clock } = context;
      const approvals = await readApprovals(options.approval, disk);
      const by = { approvals, now: clock.now() };
      const epochs = await restartMintJournal({ dir: options.dir, disk }, by);
      report(context, options, {
        data: { restarted: true, epochs },
        lines: [
          `a new journal was started: nothing up to the epochs ${epochs.join(', ')} is signed any more`,
        ],
      });
    });
}
