import { toHex, utf8 } from '@stoa/protocol';
import { freeName } from '#disk.ts';
import { SignerError } from '#error.ts';
import {
  chain,
  GENESIS,
  type Head,
  headPath,
  type JournalFiles,
  readJournal,
  type Visit,
} from '#journal/hash-chain.ts';

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

  /** Shows every entry to `visit` first. @throws SignerError `journal_missing`, `journal_damaged`, or what `visit` throws. */
  static async open(files: JournalFiles, visit?: Visit): Promise<Journal> {
    const { head, bytes, tornBytes, answered } = await readJournal(files, visit);
    if (tornBytes > 0) {
      const content = await files.disk.readFile(files.path);
      await files.disk.writeAtomic(files.path, content.subarray(0, bytes));
    }
    const journal = new Journal(files, head, bytes);
    if (answered < head.entries) await journal.#writeHead(head);
    return journal;
  }

  /** Whether it holds an entry; a making that was cut off leaves none. @throws SignerError `journal_damaged`. */
  static async isBegun(files: JournalFiles): Promise<boolean> {
    if ((await files.disk.stat(files.path)) === undefined) return false;
    return (await readJournal(files)).head.entries > 0;
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
    const head = { entries: this.#head.entries + 1, hash: chain(this.#head.hash, utf8(json)) };
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
