import type { Head, JournalFiles } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';

/** What a signer knows: the fold of its journal, and of nothing else. */
export interface Fold<Entry extends object> {
  /** For an entry as it was read. @throws SignerError `journal_damaged` for what this version never wrote. */
  replay(entry: unknown): void;
  /** @throws SignerError `journal_damaged` where the entry breaks an invariant. */
  apply(entry: Entry): void;
}

/**
 * A journal and the state that it adds up to. What could not be written is not applied, and the journal is read again
 * before the next: the medium alone knows how far it got.
 */
export class Book<Entry extends object, State extends Fold<Entry>> {
  readonly #files: JournalFiles;
  readonly #begin: () => State;
  readonly #check: (state: State) => void;
  #open: { readonly journal: Journal; readonly state: State } | undefined;

  /** @param parts.check whether the whole journal is the one that belongs here; throws. */
  constructor(files: JournalFiles, parts: { begin: () => State; check: (state: State) => void }) {
    this.#files = files;
    this.#begin = parts.begin;
    this.#check = parts.check;
  }

  /** @throws SignerError `journal_missing`, `journal_damaged`. */
  async read(): Promise<{ readonly state: State; readonly head: Head }> {
    const { state, journal } = await this.#opened();
    return { state, head: journal.head };
  }

  /** Once it resolves, the entry is on the medium and in the state. */
  async write(entry: Entry): Promise<void> {
    const { journal, state } = await this.#opened();
    try {
      await journal.append(entry);
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
    state.apply(entry);
  }

  async #opened(): Promise<{ readonly journal: Journal; readonly state: State }> {
    if (this.#open !== undefined) return this.#open;
    const state = this.#begin();
    const journal = await Journal.open(this.#files, (entry) => state.replay(entry));
    this.#check(state);
    this.#open = { journal, state };
    return this.#open;
  }
}
