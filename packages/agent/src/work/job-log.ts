import { LIMITS } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Clock, Timer } from '#clock.ts';
import { type Disk, FileMissingError } from '#disk.ts';
import { redactText } from '#redact.ts';
import { fit } from '#reports/text.ts';

export interface JobLogOptions {
  clock: Clock;
  disk: Disk;
  path: string;
  /** Bytes that this log may take; its end has a part of them. */
  maxBytes: number;
  /** Bytes more are on the disk. */
  grown: (bytes: number) => void;
  failed: (error: unknown) => void;
}

interface Line {
  /** By the wall clock of this host, for people. */
  readonly at: number;
  readonly text: string;
}

const FLUSH_MS = 500;
const FLUSH_BYTES = LIMITS.logChunkBytes;
const LINE_BYTES = 4_096;
/** Kept for the last lines, where a failure says why, and for what tells how many lie between. */
const TAIL = { lines: 64, bytes: 48 * 1024 };

/**
 * The log of one job, on disk from half a second after it was said. Equal lines in a row become one with their number,
 * and what passes the bound is counted instead of kept, but for the last lines (F27): a command that prints gigabytes
 * costs this host its bound, and no more.
 */
export class JobLog {
  readonly path: string;
  readonly #options: JobLogOptions;
  #waiting = '';
  #waitingBytes = 0;
  #bytes = 0;
  #last: string | undefined;
  #repeats = 0;
  #tail: Line[] = [];
  #dropped = 0;
  #ended = false;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: JobLogOptions) {
    this.#options = options;
    this.path = options.path;
  }

  /** After the end nothing is kept: what a handler says that does not let go is not of what was signed. */
  line(text: string): void {
    if (this.#ended) return;
    if (text === this.#last) {
      this.#repeats += 1;
      return;
    }
    this.#tellRepeats();
    this.#last = text;
    this.#add(text);
  }

  /** The whole log is on disk; what its signed hash is of. */
  async end(): Promise<{ logBytes: number; logHash: Uint8Array }> {
    this.#tellRepeats();
    this.#ended = true;
    const kept = this.#tail.splice(0);
    const lost = this.#dropped - kept.length;
    if (lost > 0)
      this.#put(
        this.#now(`[${lost} lines are left out here: the log may take ${this.#options.maxBytes} bytes]`),
      );
    for (const line of kept) this.#put(line);
    this.#flush();
    await this.#writing;
    return digestOf(this.#options.disk, this.path);
  }

  #tellRepeats(): void {
    if (this.#repeats > 0) this.#add(`[the last line ${this.#repeats} times more]`);
    this.#repeats = 0;
  }

  #add(text: string): void {
    const room = this.#options.maxBytes - TAIL.bytes - this.#bytes - this.#waitingBytes;
    // The line itself is not looked at: a flood must cost as little as it is worth.
    if (this.#dropped > 0 || room < LINE_BYTES) {
      this.#dropped += 1;
      this.#tail.push(this.#now(text));
      if (this.#tail.length > TAIL.lines) this.#tail.shift();
      return;
    }
    this.#put(this.#now(text));
    if (this.#waitingBytes >= FLUSH_BYTES) this.#flush();
    else this.#timer ??= this.#options.clock.after(FLUSH_MS, () => this.#flush());
  }

  #now(text: string): Line {
    return { at: this.#options.clock.now(), text };
  }

  #put({ at, text }: Line): void {
    // 64 lines of the tail have to fit into their part.
    const most = this.#dropped > 0 ? TAIL.bytes / TAIL.lines - 64 : LINE_BYTES;
    const told = `${new Date(at).toISOString()} ${redactText(text).replaceAll('\n', ' ')}`;
    const line = `${fit(told, most)}\n`;
    this.#waiting += line;
    this.#waitingBytes += Buffer.byteLength(line);
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#waitingBytes = 0;
    if (bytes.length === 0) return;
    const { disk, grown, failed } = this.#options;
    // Counted at once, so that the bound holds while the disk is slow.
    this.#bytes += bytes.length;
    this.#writing = this.#writing.then(async () => {
      try {
        await disk.append(this.path, bytes);
        grown(bytes.length);
      } catch (error) {
        this.#bytes -= bytes.length;
        failed(error);
      }
    });
  }
}

/** Of a log as it lies on disk; of nothing where there is none. */
export async function digestOf(disk: Disk, path: string): Promise<{ logBytes: number; logHash: Uint8Array }> {
  const bytes = await disk.readFile(path).catch((error: unknown) => {
    if (error instanceof FileMissingError) return new Uint8Array();
    throw error;
  });
  return { logBytes: bytes.length, logHash: nodeCrypto.hash(bytes) };
}
