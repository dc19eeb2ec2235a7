import { join } from 'node:path';
import type { Disk } from '#disk.ts';
import { AgentError } from '#error.ts';

/** Code `spool_full`: results are never dropped, so no more are taken. */
export class SpoolFullError extends AgentError<'spool_full'> {
  override readonly name = 'SpoolFullError';

  constructor(directory: string, bytes: number, maxBytes: number) {
    super(
      'spool_full',
      `${directory} holds ${bytes} of ${maxBytes} bytes that the hub has not acknowledged: connect the node, or look why the hub takes no results`,
      { retry: true },
    );
  }
}

export interface SpoolOptions {
  disk: Disk;
  directory: string;
  /** Default 64 MiB. */
  maxBytes?: number;
}

const MAX_BYTES = 64 * 2 ** 20;
/** From this share on the spool is reported as a fault to come. */
const ALARM = 0.8;

/**
 * What must reach the hub whatever happens to either side: one file for each entry, forced to the medium before `put`
 * resolves, gone only by `remove`. Entries are numbered by their owner and kept in that order.
 */
export class Spool {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #sizes = new Map<number, number>();
  #bytes = 0;

  private constructor({ disk, directory, maxBytes = MAX_BYTES }: SpoolOptions) {
    this.#disk = disk;
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    for (const name of await options.disk.list(options.directory)) {
      const stat = await options.disk.stat(join(options.directory, name));
      if (/^\d{12}$/.test(name) && stat) spool.#count(Number(name), stat.bytes);
    }
    return spool;
  }

  /** In ascending order. */
  get numbers(): number[] {
    return [...this.#sizes.keys()].sort((a, b) => a - b);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get alarm(): boolean {
    return this.#bytes >= ALARM * this.#maxBytes;
  }

  /** @throws SpoolFullError, DiskError: nothing was kept. */
  async put(number: number, entry: Uint8Array | string): Promise<void> {
    const bytes = typeof entry === 'string' ? Buffer.byteLength(entry) : entry.length;
    const replaced = this.#sizes.get(number) ?? 0;
    if (this.#bytes - replaced + bytes > this.#maxBytes)
      throw new SpoolFullError(this.#directory, this.#bytes, this.#maxBytes);
    await this.#disk.writeAtomic(this.#path(number), entry);
    this.#count(number, bytes);
  }

  /** Undefined for an entry that was removed. @throws DiskError */
  async read(number: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#disk.readFile(this.#path(number));
    } catch (error) {
      if (!this.#sizes.has(number)) return undefined;
      throw error;
    }
  }

  async remove(number: number): Promise<void> {
    await this.#disk.remove(this.#path(number));
    this.#bytes -= this.#sizes.get(number) ?? 0;
    this.#sizes.delete(number);
  }

  #count(number: number, bytes: number): void {
    this.#bytes += bytes - (this.#sizes.get(number) ?? 0);
    this.#sizes.set(number, bytes);
  }

  #path(number: number): string {
    return join(this.#directory, String(number).padStart(12, '0'));
  }
}
