import type { Viewer } from '../viewer.ts';
import type { LiveStream } from './live-stream.ts';

/** Who reads a log, and behind which place of it. */
export interface Reader {
  readonly key: string;
  /** As `Entries.place` names it: what a page was rendered with, or the last that its stream had. */
  readonly place: string;
}

export interface Entries {
  /** htmx partials, the oldest first. */
  readonly html: string;
  /** Of the last of them; without line breaks. */
  readonly place: string;
  /** There are more behind that place. */
  readonly more: boolean;
}

/**
 * Something that is only ever appended to, and that pages follow from a place of their own: each entry comes once and in its
 * order, over reconnects and restarts.
 */
export interface LiveLog {
  readonly name: string;
  /** What the viewer follows, of what a page asks for; undefined: nothing. @throws {HttpError} for what is no place. */
  admit(viewer: Viewer, place: string): Reader | undefined;
  /** Another one once anything was appended. */
  end(): Promise<string>;
  /** Some entries behind each place, by reader (`readerId`); who has read everything is left out. */
  read(readers: readonly Reader[]): Promise<ReadonlyMap<string, Entries>>;
}

export function readerId({ key, place }: Reader): string {
  return `${key} ${place}`;
}

/**
 * A log with who follows it. A stream is behind when it opens, and whenever the log has a new end. While it is, it is read on
 * from its own place: backfill, cutover and live are one way to read, so there is no seam at which an entry could be left out
 * or come twice. A stream is given the next entries when it has sent those before: a slow reader costs one page of them.
 */
export class LogTopic {
  readonly log: LiveLog;
  readonly #places = new Map<LiveStream, Reader>();
  readonly #behind = new Set<LiveStream>();
  #end: string | undefined;
  #underWay = false;

  constructor(log: LiveLog) {
    this.log = log;
  }

  follow(stream: LiveStream, reader: Reader): void {
    this.#places.set(stream, reader);
    this.#behind.add(stream);
  }

  unfollow(stream: LiveStream): void {
    this.#places.delete(stream);
    this.#behind.delete(stream);
  }

  /** Gives each stream what it lacks. While a round is under way another is left out. */
  async refresh(): Promise<void> {
    if (this.#places.size === 0 || this.#underWay) return;
    this.#underWay = true;
    try {
      await this.#round();
    } finally {
      this.#underWay = false;
    }
  }

  async #round(): Promise<void> {
    // Before anything is read: what is appended meanwhile gives another end, and another round.
    const end = await this.log.end();
    if (end !== this.#end) for (const stream of this.#places.keys()) this.#behind.add(stream);
    this.#end = end;
    const due = [...this.#behind].filter((stream) => stream.takesEntries);
    const readers = due.flatMap((stream) => this.#places.get(stream) ?? []);
    if (readers.length === 0) return;
    const distinct = new Map(readers.map((reader) => [readerId(reader), reader]));
    const found = await this.log.read([...distinct.values()]);
    for (const stream of due) this.#give(stream, found);
  }

  #give(stream: LiveStream, found: ReadonlyMap<string, Entries>): void {
    const reader = this.#places.get(stream);
    // It ended while the log was read.
    if (reader === undefined) return;
    const entries = found.get(readerId(reader));
    if (entries?.more !== true) this.#behind.delete(stream);
    if (entries === undefined) return;
    stream.append(entries);
    this.#places.set(stream, { ...reader, place: entries.place });
  }
}
