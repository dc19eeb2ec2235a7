import { concat, utf8 } from '@stoa/protocol';
import type { FileFacts, LargeDisk } from '#disk.ts';
import { SignerError } from '#error.ts';

interface MemoryFile {
  bytes: Uint8Array;
  mode: number;
}

/** A disk in memory that loses power after so many steps; an append that is cut off leaves half of its bytes. */
export class MemoryDisk implements LargeDisk {
  readonly files: Map<string, MemoryFile> = new Map();
  #stepsLeft: number = Number.POSITIVE_INFINITY;
  #full = false;
  #failing: string | undefined;
  #gate: Promise<void> | undefined;
  #arrived: (() => void) | undefined;

  crashAfter(steps: number): void {
    this.#stepsLeft = steps;
  }

  /** Since the power was cut. */
  get isOff(): boolean {
    return this.#stepsLeft < 0;
  }

  restart(): void {
    this.#stepsLeft = Number.POSITIVE_INFINITY;
  }

  fill(full: boolean): void {
    this.#full = full;
  }

  /** Writes of this one path fail, as where a block of the medium has gone bad. */
  fail(path: string | undefined): void {
    this.#failing = path;
  }

  /** The next append waits. @returns when it has arrived, and what lets it go on. */
  pause(): { arrived: Promise<void>; resume(): void } {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    this.#gate = gate.promise;
    this.#arrived = arrived.resolve;
    return { arrived: arrived.promise, resume: gate.resolve };
  }

  bytes(path: string): Uint8Array {
    return this.files.get(path)!.bytes;
  }

  set(path: string, bytes: Uint8Array): void {
    this.files.set(path, { mode: 0o600, ...this.files.get(path), bytes });
  }

  async readFile(path: string): Promise<Uint8Array> {
    this.#powered();
    const file = this.files.get(path);
    if (file === undefined) throw new SignerError('file_missing', `could not read ${path}`);
    return Buffer.from(file.bytes);
  }

  async writeAtomic(path: string, bytes: Uint8Array | string, mode = 0o600): Promise<void> {
    this.#step();
    this.#reserve(path);
    this.files.set(path, { bytes: toBytes(bytes), mode });
    this.#step();
  }

  async *readChunks(path: string): AsyncGenerator<Uint8Array> {
    yield await this.readFile(path);
  }

  async writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    await this.writeAtomic(path, concat(...parts));
  }

  async append(path: string, bytes: Uint8Array | string): Promise<void> {
    this.#arrived?.();
    await this.#gate;
    const tail = toBytes(bytes);
    const before = this.files.get(path)?.bytes ?? new Uint8Array();
    this.#step();
    this.#reserve(path);
    this.set(path, concat(before, tail.subarray(0, tail.length >> 1)));
    this.#step();
    this.set(path, concat(before, tail));
    this.#step();
  }

  async stat(path: string): Promise<FileFacts | undefined> {
    this.#powered();
    const file = this.files.get(path);
    return file && { kind: 'file', bytes: file.bytes.length, mode: file.mode };
  }

  #step(): void {
    this.#stepsLeft -= 1;
    this.#powered();
  }

  #powered(): void {
    if (this.#stepsLeft < 0) throw new PowerCut();
  }

  #reserve(path: string): void {
    if (this.#full || this.#failing === path)
      throw new SignerError('disk_fault', `could not write ${path} (ENOSPC)`);
  }
}

export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

function toBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? utf8(bytes) : Uint8Array.from(bytes);
}
