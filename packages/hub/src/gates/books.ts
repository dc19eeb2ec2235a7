/** What decides gates 1 and 2 elsewhere: payout accounts and scores. */
export interface Book<Entry, Cursor = unknown> {
  /** Nodes without an entry are left out. */
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, Entry>>;
  /** The same of all nodes whose ids lie in a span, both ends with it: of a node half of what `at` costs. */
  within(
    hubHour: number,
    span: { readonly first: string; readonly last: string },
  ): Promise<ReadonlyMap<string, Entry>>;
  /** @param cursor what the call before returned; undefined: what lies back need not be told. Ask again while something comes. */
  changedSince(cursor: Cursor | undefined): Promise<{
    readonly cursor: Cursor;
    readonly changes: readonly { readonly nodeId: string; readonly fromHour: number }[];
  }>;
}

/** Nodes asked for at once. */
const PAGE = 2_000;
/** A span may hold so many times the nodes that are asked for: the others have their sessions elsewhere. */
const MOST_OTHERS = 2;

interface Page<Entry> {
  readonly some: readonly string[];
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * Which nodes pass a gate by a book, for as long as their columns stand: asked when a session begins, and where the book says
 * that something changes, at the full hour from which it holds.
 */
export class BookReader<Entry, Cursor> {
  readonly #book: Book<Entry, Cursor>;
  #cursor: Cursor | undefined;
  /** Hour -> nodes that may stand otherwise from then on. */
  readonly #due = new Map<number, Set<string>>();

  readonly #isHere: (nodeId: string) => boolean;

  /** @param isHere whose changes matter: the others are asked for when their session begins, and at the full hour after. */
  constructor(by: {
    book: Book<Entry, Cursor>;
    isHere: (nodeId: string) => boolean;
  }) {
    this.#book = by.book;
    this.#isHere = by.isHere;
  }

  /**
   * Follows the book to the hour. What fails is asked again the next time.
   * @param fresh nodes that nothing is known of yet. @param know takes each answer.
   */
  async follow(
    hubHour: number,
    fresh: readonly string[],
    know: (nodeId: string, entry: Entry | undefined) => void,
  ): Promise<void> {
    await this.#noteChanges();
    // A change told while the node was away holds from the next full hour at the latest.
    for (const nodeId of fresh) {
      this.#note(nodeId, hubHour);
      this.#note(nodeId, hubHour + 1);
    }
    for (const [fromHour, nodeIds] of this.#due) {
      if (fromHour > hubHour) continue;
      for await (const { some, entries } of this.#entries(hubHour, nodeIds))
        for (const nodeId of some) {
          know(nodeId, entries.get(nodeId));
          nodeIds.delete(nodeId);
        }
      this.#due.delete(fromHour);
    }
  }

  /** A whole fleet is due at a full hour: by spans, as long as it is most of what lies in them. */
  async *#entries(hubHour: number, nodeIds: ReadonlySet<string>): AsyncGenerator<Page<Entry>> {
    let bySpans = true;
    for (const some of pagesOf([...nodeIds].sort())) {
      const [first, last] = [some[0], some.at(-1)];
      bySpans &&= some.length === PAGE;
      if (!bySpans || first === undefined || last === undefined)
        yield { some, entries: await this.#book.at(hubHour, some) };
      else {
        const entries = await this.#book.within(hubHour, { first, last });
        yield { some, entries };
        bySpans = entries.size <= MOST_OTHERS * some.length;
      }
    }
  }

  async #noteChanges(): Promise<void> {
    for (let more = true; more; ) {
      const { cursor, changes } = await this.#book.changedSince(this.#cursor);
      for (const { nodeId, fromHour } of changes) if (this.#isHere(nodeId)) this.#note(nodeId, fromHour);
      this.#cursor = cursor;
      more = changes.length > 0;
    }
  }

  #note(nodeId: string, fromHour: number): void {
    const held = this.#due.get(fromHour) ?? new Set();
    this.#due.set(fromHour, held.add(nodeId));
  }
}

function* pagesOf(nodeIds: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < nodeIds.length; from += PAGE) yield nodeIds.slice(from, from + PAGE);
}
