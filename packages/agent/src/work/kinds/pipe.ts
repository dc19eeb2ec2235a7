/** Chunks that somebody pushes, for somebody who reads: one at a time, so that the reader's pace is the pusher's. */
export class Pipe implements AsyncIterable<Uint8Array> {
  #chunk: { bytes: Uint8Array; taken: () => void } | undefined;
  #end: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  #left = false;

  /** Resolves once it was read, or nobody reads any more. */
  push(bytes: Uint8Array): Promise<void> {
    if (this.#left) return Promise.resolve();
    return new Promise((resolve) => {
      this.#chunk = { bytes, taken: resolve };
      this.#wake?.();
    });
  }

  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunk;
        if (chunk !== undefined) {
          yield chunk.bytes;
          this.#chunk = undefined;
          chunk.taken();
        } else if (this.#end !== undefined) {
          if ('error' in this.#end) throw this.#end.error;
          return;
        } else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#left = true;
      this.#chunk?.taken();
    }
  }
}
