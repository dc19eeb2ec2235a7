import {
  describeOrder,
  fromHex,
  isStrongPublicKey,
  type OrderDraft,
  orderKind,
  ownerKeyChangeKind,
  ProtocolError,
  parseOrderDraft,
  seal,
  toBase64Url,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { Command } from 'commander';
import { openBackupCommand } from '#cli/backup-command.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { findUnlock, makeUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { type Disk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import { createKeyFile, openKeyFile, readKeyFile } from '#keys/key-file.ts';

const PURPOSE = 'owner';

interface FileOptions {
  file: string;
  json?: boolean;
}

interface ChangeOptions extends FileOptions, UnlockOptions {
  owner: string;
  region: string;
  serial: string;
  next: string;
}

/** An owner's own key: no hub ever holds it. */
export function ownerKeyCommands(context: CliContext): Command {
  return new Command('owner-key')
    .description("an owner's key: nodes pin its public half, and only it can name its successor")
    .addCommand(initCommand(context))
    .addCommand(showCommand(context))
    .addCommand(changeCommand(context))
    .addCommand(orderCommand(context))
    .addCommand(openBackupCommand(context));
}

function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description('make the key in a sealed file, which is never overwritten; print its public half')
    .requiredOption('--file <path>', 'where the sealed key goes')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: FileOptions & UnlockOptions) => {
    const { file } = options;
    const { disk, random } = context;
    const unlock = await makeUnlock(context, options);
    const key = await createKeyFile({ path: file, purpose: PURPOSE, unlock, disk }, { random });
    printKey(context, options, key.publicKey);
  });
}

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('print the public half and its fingerprint; opens nothing')
    .requiredOption('--file <path>', 'the sealed key')
    .option('--json', 'print JSON')
    .action(async (options: FileOptions) => {
      const { publicKey } = await readKeyFile(options.file, context.disk);
      printKey(context, options, fromHex(publicKey));
    });
}

function changeCommand(context: CliContext): Command {
  const command = new Command('sign-change')
    .description('sign that the next key takes over; the console asks for what it prints')
    .requiredOption('--file <path>', 'the sealed key in force')
    .requiredOption('--owner <email>', 'whose key it is')
    .requiredOption('--region <name>', "the hub's region")
    .requiredOption('--serial <n>', 'number of the next key, as the console shows it')
    .requiredOption('--next <hex>', 'public half of the next key')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: ChangeOptions) => {
    const { file, owner, region } = options;
    const serial = parseSerial(options.serial);
    const next = parseKey(options.next);
    if (Buffer.byteLength(owner) > 254 || Buffer.byteLength(region) > 32)
      throw new UsageError('--owner has 254 bytes at most, --region 32');
    const unlock = await findUnlock(context, options, []);
    const key = await openKeyFile({ path: file, purpose: PURPOSE, unlock, disk: context.disk });
    const change = { owner, region, serial, previous: key.publicKey, next };
    const sealed = toBase64Url(seal(ownerKeyChangeKind, change, key));
    report(context, options, {
      data: { change: sealed, owner, region, serial, previous: toHex(key.publicKey), next: options.next },
      lines: [sealed],
    });
  });
}

/** What the hub wants signed is checked and told in words before the key is opened. */
function orderCommand(context: CliContext): Command {
  const command = new Command('sign-order')
    .description('sign an order for work, from the file that the console or `stoa-hub job run` gave')
    .requiredOption('--file <path>', 'the sealed key')
    .requiredOption('--order <path>', 'the draft of the order')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(
    async (options: FileOptions & UnlockOptions & { order: string }) => {
      const { disk } = context;
      const draft = await readDraft(disk, options.order);
      const { publicKey } = await readKeyFile(options.file, disk);
      if (publicKey !== toHex(draft.order.signerKey))
        throw new UsageError(
          `the order is to be signed by the key ${toHex(draft.order.signerKey)}, and ${options.file} holds ${publicKey}`,
        );
      for (const { name, value } of describeOrder(draft)) context.io.err(`${name.padEnd(10)} ${value}\n`);
      const unlock = await findUnlock(context, options, []);
      const key = await openKeyFile({ path: options.file, purpose: PURPOSE, unlock, disk });
      const sealed = toBase64Url(seal(orderKind, draft.order, key));
      report(context, options, {
        data: { order: sealed, orderId: toHex(draft.order.orderId), nodes: draft.nodes.length },
        lines: [sealed],
      });
    },
  );
}

async function readDraft(disk: Disk, path: string): Promise<OrderDraft> {
  const text = await readText(disk, path);
  if (text === undefined) throw new SignerError('file_missing', `${path} does not exist`);
  try {
    return parseOrderDraft(text, nodeCrypto);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new SignerError('bad_argument', `nothing is signed: ${cause.message}`, { cause });
  }
}

function parseSerial(text: string): number {
  const serial = Number(text);
  if (!Number.isInteger(serial) || serial < 2 || serial > 0xffff_ffff)
    throw new UsageError(`--serial is '${text}' (expected a whole number from 2 on)`);
  return serial;
}

function parseKey(hex: string): Uint8Array {
  const key = /^[0-9a-f]{64}$/.test(hex) ? fromHex(hex) : undefined;
  if (key === undefined || !isStrongPublicKey(key))
    throw new UsageError(`--next is '${hex}' (expected a public key in 64 hex digits)`);
  return key;
}

function printKey(context: CliContext, options: FileOptions, key: Uint8Array): void {
  const publicKey = toHex(key);
  const fingerprint = toHex(nodeCrypto.hash(key));
  report(context, options, {
    data: { file: options.file, publicKey, fingerprint },
    lines: [`public key   ${publicKey}`, `fingerprint  ${fingerprint}`],
  });
}
