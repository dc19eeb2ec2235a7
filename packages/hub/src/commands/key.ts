import { writeFile } from 'node:fs/promises';
import type { OwnerKeyReport } from '@stoa/signer/client';
import type { Command } from 'commander';

/** A terminal: what commands print, and where the signer's questions go. */
export interface KeyIo {
  readonly json: boolean;
  readonly out: (text: string) => void;
  readonly ask: (question: string) => void;
}

interface UnlockOptions {
  readonly keyFile?: string;
  readonly passphraseFile?: string;
}

interface ChangeOptions extends UnlockOptions {
  readonly file: string;
  readonly owner: string;
  readonly region: string;
  readonly serial: string;
  readonly next: string;
}

const FILE = 'owner.key';

/** `stoa-hub key …`: an owner's key, in a file on the owner's own machine. It needs no hub and no settings. */
export function addKeyCommands(root: Command, io: () => KeyIo): void {
  const key = root
    .command('key')
    .description('your own key, which your nodes pin: made and used on your machine');
  withUnlock(
    key
      .command('init')
      .description('make the key in a file that only your passphrase opens, and print its public half')
      .option('--out <file>', 'where it goes; nothing is overwritten', FILE),
  ).action(async ({ out: file, ...unlock }: UnlockOptions & { out: string }) => {
    const { initOwnerKey } = await import('@stoa/signer/client');
    const { out, json, ask } = io();
    const made = await initOwnerKey(file, { ...unlock, ask });
    out(json ? JSON.stringify(made) : `${lines(made)}\n${next(made)}`);
  });
  key
    .command('show')
    .description('print the public half and its fingerprint; opens nothing')
    .option('--file <file>', 'the sealed key', FILE)
    .action(async ({ file }: { file: string }) => {
      const { showOwnerKey } = await import('@stoa/signer/client');
      const { out, json, ask } = io();
      const held = await showOwnerKey(file, { ask });
      out(json ? JSON.stringify(held) : lines(held));
    });
  withUnlock(
    key
      .command('sign-change')
      .description('sign that the next key takes over from this one; the console shows the whole command')
      .option('--file <file>', 'the sealed key in force', FILE)
      .requiredOption('--owner <email>', 'your account')
      .requiredOption('--region <name>', "the hub's region")
      .requiredOption('--serial <n>', 'number of the next key')
      .requiredOption('--next <hex>', 'public half of the next key'),
  ).action(async ({ keyFile, passphraseFile, ...change }: ChangeOptions) => {
    const { signOwnerKeyChange } = await import('@stoa/signer/client');
    const { out, json, ask } = io();
    const signed = await signOwnerKeyChange(change, { keyFile, passphraseFile, ask });
    out(json ? JSON.stringify(signed) : signed.change);
  });
  addSignOrder(key, io);
  addOpenBackup(key, io);
}

interface BackupOptions extends UnlockOptions {
  readonly file: string;
  readonly out?: string;
  readonly sha256?: string;
}

/** A backup without its node and without a hub: all that it takes is the key that it was sealed to. */
function addOpenBackup(key: Command, io: () => KeyIo): void {
  withUnlock(
    key
      .command('open-backup')
      .description('verify a backup of a node; with --out, write the tar archive that is sealed in it')
      .argument('<archive>', 'file of the backup')
      .option('--file <file>', 'the sealed key', FILE)
      .option('--sha256 <hex>', 'what the backup must be, as the console shows it')
      .option('--out <file>', 'where the tar archive goes, once all of it has proven whole'),
  ).action(async (archive: string, { keyFile, passphraseFile, ...wish }: BackupOptions) => {
    const { openBackup } = await import('@stoa/signer/client');
    const { out, json, ask } = io();
    const opened = await openBackup({ archive, ...wish }, { keyFile, passphraseFile, ask });
    if (json) out(JSON.stringify(opened));
    else {
      out(`sha256    ${opened.sha256}\nof node   ${opened.node}\nsnapshot  ${opened.snapshot}`);
      out(wish.out === undefined ? 'whole' : `whole: its tar archive is ${wish.out}`);
    }
  });
}

/** The way of a key that no hub ever touches: a draft in, a signature out. */
function addSignOrder(key: Command, io: () => KeyIo): void {
  withUnlock(
    key
      .command('sign-order')
      .description('sign an order for work, from the draft that the console gave; it is told in words before')
      .argument('<draft>', 'file of the draft')
      .option('--file <file>', 'the sealed key', FILE)
      .option('--out <file>', 'where the signed order goes; printed unless given'),
  ).action(
    async (order: string, { file, out: to, ...unlock }: UnlockOptions & { file: string; out?: string }) => {
      const { signOrder } = await import('@stoa/signer/client');
      const { out, json, ask } = io();
      const signed = await signOrder({ file, order }, { ...unlock, ask });
      if (to !== undefined) await writeFile(to, `${signed.order}\n`);
      if (json) out(JSON.stringify(signed));
      else out(to === undefined ? signed.order : `signed for ${signed.nodes} nodes: ${to}`);
    },
  );
}

/** Never from the arguments or the environment: other accounts of the machine can read those. */
function withUnlock(command: Command): Command {
  return command
    .option('--key-file <file>', '32 random bytes (mode 0600) that open the key; made by init if missing')
    .option(
      '--passphrase-file <file>',
      'file (mode 0600) whose first line is the passphrase; else it is asked for',
    );
}

function lines({ publicKey, fingerprint }: OwnerKeyReport): string {
  return `public key   ${publicKey}\nfingerprint  ${fingerprint}`;
}

function next({ file }: OwnerKeyReport): string {
  return `\nNext: paste the public key in the console under Settings, Owner key. Copy ${file} to a second place: it is the only one.`;
}
