/** Longest line that is kept, bytes. */
export const MAX_LINE_BYTES: number = 8 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Bytes to lines in bounded memory. A carriage return ends a line too: progress bars rewrite theirs with it. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #buffer: Uint8Array = new Uint8Array(MAX_LINE_BYTES);
  #length = 0;
  #dropped = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte !== NEWLINE && byte !== RETURN) continue;
      this.#keep(chunk.subarray(start, at));
      this.#flush();
      start = at + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What stands after the last line's end. */
  end(): void {
    this.#flush();
  }

  #keep(part: Uint8Array): void {
    const room = Math.min(part.length, MAX_LINE_BYTES - this.#length);
    this.#buffer.set(part.subarray(0, room), this.#length);
    this.#length += room;
    this.#dropped += part.length - room;
  }

  /** Empty lines are not told: they are half of `\r\n`, or say nothing. */
  #flush(): void {
    if (this.#length === 0) return;
    const text = new TextDecoder().decode(this.#buffer.subarray(0, this.#length));
    const mark = this.#dropped > 0 ? ` [${this.#dropped} bytes more]` : '';
    this.#length = 0;
    this.#dropped = 0;
    this.#onLine(text + mark);
  }
}
