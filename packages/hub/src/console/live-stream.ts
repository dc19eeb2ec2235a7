/** Bytes that may wait for a slow reader before it is offered nothing more (F26). */
const BUFFER_BYTES = 64 * 1024;
/** A reader that takes nothing for so long is gone or hopeless; a living page connects anew. */
const STALL_MS = 60_000;
/** Proxies close what is silent. */
const COMMENT_MS = 15_000;
/** Each stream ends after this long: a session that runs out tells nobody. */
const LIFE_MS = 15 * 60_000;

/** What follows its place in a log (`live-log.ts`). */
export interface Appended {
  readonly html: string;
  readonly place: string;
}

/** Where the newest fragment of a key is. */
export interface Fragments {
  fragment(key: string): string | undefined;
}

const encoder = new TextEncoder();

/**
 * One page's stream. Newest wins: what a reader is too slow for is not queued but remembered by key, and what it gets in
 * the end is the newest state of each. So a reader costs at most its buffer and its keys, however long it stalls.
 */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #onEnd: (stream: LiveStream) => void;
  readonly #openedAt: number;
  readonly #pending = new Map<Fragments, Set<string>>();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writtenAt: number;
  #appended: Appended | undefined;

  constructor(by: { now: number; onEnd: (stream: LiveStream) => void }) {
    this.#onEnd = by.onEnd;
    this.#openedAt = by.now;
    this.#writtenAt = by.now;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          controller.enqueue(encoder.encode('retry: 1000\n\n'));
        },
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES }),
    );
  }

  /** The fragment of the key changed, or is new to this page. */
  mark(source: Fragments, key: string): void {
    const keys = this.#pending.get(source);
    if (keys === undefined) this.#pending.set(source, new Set([key]));
    else keys.add(key);
  }

  /** It has sent what was appended before, and keeps up. */
  get takesEntries(): boolean {
    return this.#appended === undefined && (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** To be sent once and in this order, unlike what is marked. */
  append(entries: Appended): void {
    this.#appended = entries;
  }

  /** Sends what is pending as one message, if the reader keeps up. */
  flush(now: number): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    const stalled = (controller.desiredSize ?? 0) <= 0;
    if (now - this.#openedAt >= LIFE_MS || (stalled && now - this.#writtenAt >= STALL_MS)) this.close();
    if (stalled || this.#controller === undefined) return;
    const html = this.#takePending();
    const appended = this.#appended;
    this.#appended = undefined;
    if (appended !== undefined) this.#write(message(html + appended.html, appended.place), now);
    else if (html !== '') this.#write(message(html), now);
    else if (now - this.#writtenAt >= COMMENT_MS) this.#write(':\n\n', now);
  }

  close(): void {
    this.#controller?.close();
    this.#end();
  }

  #takePending(): string {
    const html = [...this.#pending].map(([source, keys]) =>
      [...keys].map((key) => source.fragment(key)).join(''),
    );
    this.#pending.clear();
    return html.join('');
  }

  #write(text: string, now: number): void {
    this.#controller?.enqueue(encoder.encode(text));
    this.#writtenAt = now;
  }

  #end(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    this.#onEnd(this);
  }
}

/** An unnamed event: htmx swaps those, and only dispatches named ones. A line break would end the field. */
function message(html: string, id?: string): string {
  const place = id === undefined ? '' : `id: ${id}\n`;
  return `${place}data: ${html.replaceAll(/\r\n|\r|\n/g, '\ndata: ')}\n\n`;
}
