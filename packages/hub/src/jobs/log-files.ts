import type { Stats } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@stoa/protocol';

interface Held {
  /** Work on one file, one after the other. */
  last: Promise<unknown>;
}

/**
 * Logs as files `<job>.log`, §16.5: the database keeps the row, not the text. A new attempt begins a new file; the one
 * before is kept beside it as `<job>.<attempt>.log`.
 *
 * A piece is written at the offset that it names and no farther than the end of what is there, so that a piece sent twice
 * lands once, whoever had sent the first. With one directory shared by all instances a session may go elsewhere and its
 * log goes on; without, the new holder has nothing yet, says so, and gets the log again from its start.
 */
export class LogFiles {
  readonly #directory: string;
  readonly #busy = new Map<string, Held>();

  constructor(by: { directory: string }) {
    this.#directory = by.directory;
  }

  pathOf(jobId: string): string {
    return join(this.#directory, `${jobId}.log`);
  }

  /** Bytes that are there; 0 for none. */
  async size(jobId: string): Promise<number> {
    return sizeOf(this.pathOf(jobId));
  }

  /** @returns bytes stored from the start on: less than `offset` where a piece before it is missing. */
  append(jobId: string, offset: number, chunk: Uint8Array): Promise<number> {
    return this.#alone(jobId, async () => {
      const file = await open(this.pathOf(jobId), 'a', 0o600);
      try {
        const { size } = await file.stat();
        const fresh = chunk.subarray(Math.min(chunk.length, Math.max(0, size - offset)));
        const room = Math.max(0, LIMITS.jobLogBytes - size);
        if (offset > size || fresh.length === 0 || room === 0) return size;
        const written = fresh.subarray(0, room);
        await file.write(written);
        return size + written.length;
      } finally {
        await file.close();
      }
    });
  }

  /** Puts the log of the attempt before aside. Idempotent: what has been put aside stays. */
  rotate(jobId: string, attempt: number): Promise<void> {
    return this.#alone(jobId, async () => {
      const aside = join(this.#directory, `${jobId}.${attempt}.log`);
      if ((await sizeOf(aside)) > 0 || (await sizeOf(this.pathOf(jobId))) === 0) return;
      await rename(this.pathOf(jobId), aside);
    });
  }

  /** Removes logs that nothing was added to since `before`, milliseconds since 1970. */
  async removeOlder(before: number): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith('.log')) continue;
      const path = join(this.#directory, name);
      const age = await statOf(path);
      if (age !== undefined && age.mtimeMs < before) await rm(path, { force: true });
    }
  }

  #alone<T>(jobId: string, work: () => Promise<T>): Promise<T> {
    const held = this.#busy.get(jobId) ?? { last: Promise.resolve() };
    this.#busy.set(jobId, held);
    const result = held.last.then(work);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    held.last = settled;
    void settled.then(() => {
      if (held.last === settled) this.#busy.delete(jobId);
    });
    return result;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await statOf(path))?.size ?? 0;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
