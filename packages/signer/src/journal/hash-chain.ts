import { equalBytes, fromHex, toHex, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';

const HASH_DIGITS = 64;
const NEWLINE = 0x0a;
const LABEL = utf8('stoa/signer/journal|');

export const GENESIS: Uint8Array = new Uint8Array(32);

/** Where a chain stands. */
export interface Head {
  readonly entries: number;
  readonly hash: Uint8Array;
}

export interface JournalFiles {
  readonly path: string;
  readonly disk: Disk;
}

/** Is shown each entry in order, before the end of the chain is known to hold. */
export type Visit = (entry: unknown) => void;

export interface ReadJournal {
  readonly head: Head;
  /** Of all whole lines. */
  readonly bytes: number;
  /** Bytes of a last line that a power cut left unfinished: its act was never answered, so it never happened. */
  readonly tornBytes: number;
  /** How many entries the head names: all of them, or all but the last. */
  readonly answered: number;
}

/**
 * Checks every line against the chain, and the chain against its head.
 * @throws SignerError `journal_missing`, `journal_damaged` (with the line), or what `visit` throws.
 */
export async function readJournal({ path, disk }: JournalFiles, visit?: Visit): Promise<ReadJournal> {
  const answered = parseHead(await readText(disk, headPath(path)), path);
  if ((await disk.stat(path)) === undefined)
    throw answered.entries === 0
      ? new SignerError('journal_missing', `${path} does not exist`)
      : damaged(path, `it is gone, and its head tells of ${answered.entries} entries`);
  const content = await disk.readFile(path);
  const bytes = content.lastIndexOf(NEWLINE) + 1;
  const tornBytes = content.length - bytes;
  let head: Head = { entries: 0, hash: GENESIS };
  for (let start = 0; start < bytes; ) {
    const end = content.indexOf(NEWLINE, start);
    const { json, hash } = nextLine(content.subarray(start, end), head, path);
    head = { entries: head.entries + 1, hash };
    if (head.entries === answered.entries) requireSame(head, answered, path);
    visit?.(JSON.parse(Buffer.from(json).toString('utf8')));
    start = end + 1;
  }
  requireLength({ whole: head.entries, answered: answered.entries, tornBytes }, path);
  return { head, bytes, tornBytes, answered: answered.entries };
}

export function chain(previous: Uint8Array, json: Uint8Array): Uint8Array {
  return nodeCrypto.hash(LABEL, previous, json);
}

export function headPath(path: string): string {
  return `${path}.head`;
}

function nextLine(line: Uint8Array, before: Head, path: string): { json: Uint8Array; hash: Uint8Array } {
  const json = line.subarray(HASH_DIGITS + 1);
  const hash = chain(before.hash, json);
  if (!equalBytes(line.subarray(0, HASH_DIGITS + 1), utf8(`${toHex(hash)} `)))
    throw damaged(path, `line ${before.entries + 1} does not follow from the line before it`);
  return { json, hash };
}

function requireSame(head: Head, answered: Head, path: string): void {
  if (!equalBytes(head.hash, answered.hash))
    throw damaged(path, `line ${head.entries} is not the one that its head names`);
}

/** At most one act can be past the head: the one that a crash kept from its answer, its line whole or torn. */
function requireLength(
  { whole, answered, tornBytes }: { whole: number; answered: number; tornBytes: number },
  path: string,
): void {
  const past = whole + (tornBytes > 0 ? 1 : 0) - answered;
  if (whole < answered || past > 1)
    throw damaged(path, `it has ${whole} whole lines, and its head tells of ${answered}`);
}

function parseHead(text: string | undefined, path: string): Head {
  if (text === undefined) return { entries: 0, hash: GENESIS };
  const [, entries, hash] = /^([1-9]\d{0,14}) ([0-9a-f]{64})\n$/.exec(text) ?? [];
  if (entries === undefined || hash === undefined)
    throw damaged(path, `its head ${headPath(path)} is not of the form 'ENTRIES HASH'`);
  return { entries: Number(entries), hash: fromHex(hash) };
}

function damaged(path: string, finding: string): SignerError {
  return new SignerError(
    'journal_damaged',
    `${path} was changed or cut: ${finding}. Keep both files for the inquiry; docs/keys.md tells how to go on`,
  );
}
