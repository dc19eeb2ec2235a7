import { createHash, type Hash } from 'node:crypto';
import { ProtocolError, toHex } from '@stoa/protocol';
import {
  type ArchiveHeader,
  ArchiveReader,
  HEADER_PREFIX_BYTES,
  headerLength,
  parseHeader,
} from '@stoa/protocol/archive';
import { Command } from 'commander';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { findUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { SignerError } from '#error.ts';
import { openArchiveKey, readKeyFile } from '#keys/key-file.ts';

interface OpenOptions extends UnlockOptions {
  file: string;
  archive: string;
  out?: string;
  sha256?: string;
  json?: boolean;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** A backup of a node, opened where the owner's key is: without a hub and without the node. */
export function openBackupCommand(context: CliContext): Command {
  const command = new Command('open-backup')
    .description('verify a backup of a node that was sealed to this key; with --out, write its tar archive')
    .requiredOption('--file <path>', 'the sealed key')
    .requiredOption('--archive <path>', 'the backup')
    .option('--sha256 <hex>', 'what the backup must be, as the console shows it')
    .option('--out <path>', 'where the tar archive goes, once all of it has proven whole')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: OpenOptions) => {
    const { archive, sha256, out } = options;
    if (sha256 !== undefined && !SHA256.test(sha256))
      throw new UsageError(`--sha256 is '${sha256}' (expected 64 hex digits)`);
    const told = await open(context, options).catch((error: unknown) => {
      throw damaged(archive, error);
    });
    report(context, options, {
      data: { ...told, ...(out !== undefined && { out }) },
      lines: [
        `sha256    ${told.sha256}`,
        `of node   ${told.node}`,
        `snapshot  ${told.snapshot}`,
        out === undefined
          ? 'whole: each piece of it is in its place and unchanged'
          : `whole: its tar archive is ${out}`,
      ],
    });
  });
}

async function open(context: CliContext, options: OpenOptions) {
  const { archive, out } = options;
  const { disk } = context;
  const header = await readHeader(disk.readChunks(archive));
  const { publicKey } = await readKeyFile(options.file, disk);
  const recipients = header.recipients.map(({ key }) => toHex(key));
  // Told before anybody is asked for a passphrase.
  if (!recipients.includes(publicKey))
    throw new SignerError(
      'archive_for_others',
      `${archive} is sealed to ${recipients.join(' and ')}, and ${options.file} holds ${publicKey}: take the file of the owner's key of then`,
    );
  const unlock = await findUnlock(context, options, []);
  const contentKey = await openArchiveKey({ path: options.file, purpose: 'owner', unlock, disk }, header);
  const tally: Tally = { hash: createHash('sha256'), bytes: 0, sha256: '' };
  const plain = proven(new ArchiveReader(contentKey).plain(counted(disk.readChunks(archive), tally)), {
    ...{ archive, tally, expected: options.sha256 },
  });
  if (out === undefined) for await (const _piece of plain);
  else await disk.writeChunks(out, plain);
  const { bytes, sha256 } = tally;
  return { archive, sha256, bytes, node: toHex(header.node), snapshot: header.snapshot };
}

interface Tally {
  readonly hash: Hash;
  bytes: number;
  /** Once all of it was read. */
  sha256: string;
}

function damaged(archive: string, cause: unknown): unknown {
  if (!(cause instanceof ProtocolError)) return cause;
  return new SignerError('archive_damaged', `${archive} can't be opened: ${cause.message}`, { cause });
}

/** @throws ProtocolError `malformed` */
async function readHeader(chunks: AsyncIterable<Uint8Array>): Promise<ArchiveHeader> {
  let head: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk]);
    if (head.length < HEADER_PREFIX_BYTES) continue;
    const length = headerLength(head.subarray(0, HEADER_PREFIX_BYTES));
    if (head.length >= length) return parseHeader(head.subarray(0, length));
  }
  throw new ProtocolError('malformed', 'it ends before its header does');
}

async function* counted(chunks: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    tally.hash.update(chunk);
    tally.bytes += chunk.length;
    yield chunk;
  }
}

/** What is written from it is put in place only where it ends without an error. @throws SignerError `archive_damaged` */
async function* proven(
  pieces: AsyncIterable<Uint8Array>,
  { archive, tally, expected }: { archive: string; tally: Tally; expected: string | undefined },
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    throw damaged(archive, error);
  }
  tally.sha256 = tally.hash.digest('hex');
  if (expected !== undefined && tally.sha256 !== expected)
    throw new SignerError('archive_damaged', `${archive} is ${tally.sha256}, not ${expected}`);
}
