import { equalBytes, fromHex, toHex, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, freeName, readText } from '#disk.ts';
import { SignerError } from '#error.ts';

const HASH_DIGITS = 64;
const NEWLINE = 0x0a;
const GENESIS: Uint8Array = new Uint8Array(32);

/** Where a chain stands. */
export interface Head {
  readonly entries: number;
  readonly hash: Uint8Array;
}

export interface JournalFiles {
  readonly path: string;
  readonly disk: Disk;
}

export interface ReadJournal {
  /** The entries as they were appended, in order. */
  readonly entries: readonly unknown[];
  readonly head: Head;
  readonly bytes: number;
  /** Bytes of a last line that a power cut left unfinished: its act was never answered, so it never happened. */
  readonly tornBytes: number;
  /** How many entries the head names: all of them, or all but the last. */
  readonly answered: number;
}

/**
 * An append-only file of lines `HASH JSON`, each hash covering the line's JSON and the hash before it. A second file
 * names the last line whose act was answered. So every change and every cut is found, whichever of the two it hits;
 * only both files together, set back to one earlier moment, look whole.
 *
 * Order of an append: line on the medium, then head, then the caller answers. A crash between leaves a line (or part
 * of one) past the head, which nobody was told of.
 */
export class Journal {
  readonly #files: JournalFiles;
  #head: Head;
  #bytes: number;

  private constructor(files: JournalFiles, head: Head, bytes: number) {
    this.#files = files;
    this.#head = head;
    this.#bytes = bytes;
  }

  /** @throws SignerError `journal_missing`, `journal_damaged`. */
  static async open(files: JournalFiles): Promise<{ journal: Journal; entries: readonly unknown[] }> {
    const { entries, head, bytes, tornBytes, answered } = await readJournal(files);
    if (tornBytes > 0) {
      const content = await files.disk.readFile(files.path);
      await files.disk.writeAtomic(files.path, content.subarray(0, bytes));
    }
    const journal = new Journal(files, head, bytes);
    if (answered < head.entries) await journal.#writeHead(head);
    return { journal, entries };
  }

  /** Whether it holds an entry; a making that was cut off leaves none. @throws SignerError `journal_damaged`. */
  static async isBegun(files: JournalFiles): Promise<boolean> {
    if ((await files.disk.stat(files.path)) === undefined) return false;
    return (await readJournal(files)).entries.length > 0;
  }

  /** Starts a journal with its first entry. @throws SignerError `journal_damaged` where one has begun. */
  static async create(files: JournalFiles, first: object): Promise<Journal> {
    if (await Journal.isBegun(files))
      throw new SignerError('journal_damaged', `${files.path} has begun already`);
    if ((await files.disk.stat(files.path)) !== undefined) await files.disk.writeAtomic(files.path, '');
    const journal = new Journal(files, { entries: 0, hash: GENESIS }, 0);
    await journal.append(first);
    return journal;
  }

  /** Starts anew after the files were lost or damaged; what is left of them stays under new names. */
  static async restart(files: JournalFiles, first: object): Promise<Journal> {
    const { path, disk } = files;
    for (const name of [path, headPath(path)]) {
      if ((await disk.stat(name)) === undefined) continue;
      await disk.writeAtomic(await freeName(disk, name), await disk.readFile(name));
      await disk.writeAtomic(name, '');
    }
    const journal = new Journal(files, { entries: 0, hash: GENESIS }, 0);
    await journal.append(first);
    return journal;
  }

  get head(): Head {
    return this.#head;
  }

  /** Once it resolves, the entry is on the medium. After a rejection, open the journal again: the line may be there or not. */
  async append(entry: object): Promise<void> {
    const { path, disk } = this.#files;
    const facts = await disk.stat(path);
    if ((facts?.bytes ?? 0) !== this.#bytes)
      throw new SignerError(
        'journal_damaged',
        `${path} has ${facts?.bytes ?? 0} bytes where this signer wrote ${this.#bytes}: something else writes it`,
      );
    const json = JSON.stringify(entry);
    const head = { entries: this.#head.entries + 1, hash: chain(this.#head.hash, json) };
    const line = `${toHex(head.hash)} ${json}\n`;
    await disk.append(path, line);
    await this.#writeHead(head);
    this.#head = head;
    this.#bytes += utf8(line).length;
  }

  async #writeHead(head: Head): Promise<void> {
    const { path, disk } = this.#files;
    await disk.writeAtomic(headPath(path), `${head.entries} ${toHex(head.hash)}\n`);
  }
}

/**
 * Checks every line against the chain, and the chain against its head.
 * @throws SignerError `journal_missing`, `journal_damaged` (with the line).
 */
export async function readJournal({ path, disk }: JournalFiles): Promise<ReadJournal> {
  const answered = parseHead(await readText(disk, headPath(path)), path);
  if ((await disk.stat(path)) === undefined)
    throw answered.entries === 0
      ? new SignerError('journal_missing', `${path} does not exist`)
      : damaged(path, `it is gone, and its head tells of ${answered.entries} entries`);
  const content = await disk.readFile(path);
  const bytes = content.lastIndexOf(NEWLINE) + 1;
  const { entries, hashes } = followChain(decodeLines(content.subarray(0, bytes), path), path);
  const tornBytes = content.length - bytes;
  requireAnswered({ hashes, answered, tornBytes }, path);
  const head = { entries: entries.length, hash: hashes.at(-1) ?? GENESIS };
  return { entries, head, bytes, tornBytes, answered: answered.entries };
}

function decodeLines(content: Uint8Array, path: string): string[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
    return text.split('\n').slice(0, -1);
  } catch (cause) {
    throw damaged(path, 'it holds bytes that are not UTF-8', cause);
  }
}

function followChain(lines: readonly string[], path: string): { entries: unknown[]; hashes: Uint8Array[] } {
  const entries: unknown[] = [];
  const hashes: Uint8Array[] = [];
  let hash = GENESIS;
  for (const [index, line] of lines.entries()) {
    const json = line.slice(HASH_DIGITS + 1);
    hash = chain(hash, json);
    if (line.slice(0, HASH_DIGITS + 1) !== `${toHex(hash)} `)
      throw damaged(path, `line ${index + 1} does not follow from the line before it`);
    entries.push(JSON.parse(json));
    hashes.push(hash);
  }
  return { entries, hashes };
}

/** At most one act can be past the head: the one that a crash kept from its answer, its line whole or torn. */
function requireAnswered(
  { hashes, answered, tornBytes }: { hashes: readonly Uint8Array[]; answered: Head; tornBytes: number },
  path: string,
): void {
  const whole = hashes.length;
  const past = whole + (tornBytes > 0 ? 1 : 0) - answered.entries;
  if (whole < answered.entries || past > 1)
    throw damaged(path, `it has ${whole} whole lines, and its head tells of ${answered.entries}`);
  if (answered.entries > 0 && !equalBytes(hashes[answered.entries - 1]!, answered.hash))
    throw damaged(path, `line ${answered.entries} is not the one that its head names`);
}

function chain(previous: Uint8Array, json: string): Uint8Array {
  return nodeCrypto.hash(utf8('stoa/signer/journal|'), previous, utf8(json));
}

function headPath(path: string): string {
  return `${path}.head`;
}

function parseHead(text: string | undefined, path: string): Head {
  if (text === undefined) return { entries: 0, hash: GENESIS };
  const [, entries, hash] = /^([1-9]\d{0,14}) ([0-9a-f]{64})\n$/.exec(text) ?? [];
  if (entries === undefined || hash === undefined)
    throw damaged(path, `its head ${headPath(path)} is not of the form 'ENTRIES HASH'`);
  return { entries: Number(entries), hash: fromHex(hash) };
}

function damaged(path: string, finding: string, cause?: unknown): SignerError {
  return new SignerError(
    'journal_damaged',
    `${path} was changed or cut: ${finding}. Keep both files for the inquiry; docs/keys.md tells how to go on`,
    cause === undefined ? {} : { cause },
  );
}
