import { inspect } from 'node:util';

const REDACTED = '[secret]';

/** Bytes that no print, log line, error or JSON ever shows. Takes over the array it is given. */
export class Secret {
  static {
    Object.defineProperty(Secret.prototype, inspect.custom, { value: () => REDACTED });
  }

  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The task must keep no reference to the bytes. */
  use<T>(task: (bytes: Uint8Array) => T): T {
    return task(this.#bytes);
  }

  /** Overwrites the bytes. What the runtime copied by itself is out of reach. */
  destroy(): void {
    this.#bytes.fill(0);
    this.#bytes = new Uint8Array();
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }
}
