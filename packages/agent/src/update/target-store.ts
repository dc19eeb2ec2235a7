import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseTarget } from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';
import { fetchInto, forget, type Source, sha256Of, sizeOf } from '#update/download.ts';
import { UpdateError } from '#update/error.ts';
import { type Packing, unpackTo } from '#update/whole-file.ts';

/** Room for what is packed, what is unpacked, and the copy of whoever installs. */
const ROOM = 3;
/** What packing can add to bytes that can't be packed. */
const slack = (length: number): number => length + Math.ceil(length / 64) + 64 * 1024;

export interface TargetStoreOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly directory: string;
}

/** From where, and how, a target is fetched. */
export interface Fetch extends Source {
  /** Bases of the tree of releases, in the order to try them. */
  readonly mirrors: readonly string[];
}

/** A target as the change from the one that runs. */
export interface TargetPatch {
  readonly target: ReleaseTarget;
  /** The file that it applies to. */
  readonly from: string;
}

/**
 * Files of releases on this node's disk, each by the SHA-256 of its decoded bytes: `HEX`, and `HEX.zst.part` for what has
 * come of its packed form.
 */
export class TargetStore {
  readonly #options: TargetStoreOptions;

  constructor(options: TargetStoreOptions) {
    this.#options = options;
  }

  /**
   * The verified file. It comes as a patch where there is one, and whole where that fails (F32).
   * @throws UpdateError, DiskError
   */
  async obtain(target: ReleaseTarget, fetch: Fetch, patch?: TargetPatch): Promise<string> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    const path = this.#path(target.sha256);
    if ((await sizeOf(path)) === target.length && (await sha256Of(path)) === target.sha256) return path;
    await this.keepOnly([target.sha256, ...(patch ? [patch.target.sha256] : [])]);
    await this.#requireRoom(target);
    if (patch !== undefined && (await this.#patched(target, fetch, patch))) return path;
    await this.#first(target, fetch, (base) => this.#fetchPacked(target, base, fetch));
    return path;
  }

  /** Removes every file but those, with their parts: nothing of an earlier try poisons a later one (F16). */
  async keepOnly(hashes: readonly string[]): Promise<void> {
    const { directory } = this.#options;
    for (const name of await readdir(directory).catch(() => []))
      if (!hashes.some((hash) => name.startsWith(hash))) await forget(join(directory, name));
  }

  async #requireRoom({ path, length }: ReleaseTarget): Promise<void> {
    const { disk, directory } = this.#options;
    const { freeBytes } = await disk.space(directory);
    if (freeBytes < ROOM * length)
      throw new UpdateError(
        'no_room',
        `${path} takes ${ROOM * length} bytes on the way, ${freeBytes} are free in ${directory}: nothing was downloaded`,
      );
  }

  async #patched(
    target: ReleaseTarget,
    fetch: Fetch,
    { target: patch, from }: TargetPatch,
  ): Promise<boolean> {
    const { log } = this.#options;
    try {
      await this.#first(patch, fetch, (base) => this.#fetchPlain(patch, base, fetch));
      const packing: Packing = { kind: 'patch', from: await readFile(from) };
      await unpackTo(this.#path(target.sha256), this.#path(patch.sha256), {
        packing,
        expected: target,
        signal: fetch.signal,
      });
      return true;
    } catch (error) {
      fetch.signal.throwIfAborted();
      log.warn('update-patch-failed', { ...describeError(error), target: target.path });
      return false;
    } finally {
      await forget(this.#path(patch.sha256));
    }
  }

  /** From the first mirror that gives it. @throws the last mirror's error. */
  async #first(
    { path }: ReleaseTarget,
    { mirrors, signal }: Fetch,
    from: (base: string) => Promise<boolean>,
  ): Promise<void> {
    let last: unknown = new UpdateError('mirrors_silent', `no mirror has ${path}`);
    for (const base of mirrors) {
      try {
        if (await from(base)) return;
      } catch (error) {
        signal.throwIfAborted();
        // Another mirror frees no space here.
        if (describeError(error).code.startsWith('disk_')) throw error;
        this.#options.log.warn('update-mirror-failed', { mirror: base, ...describeError(error) });
        last = error;
      }
    }
    throw last;
  }

  async #fetchPacked(target: ReleaseTarget, base: string, fetch: Fetch): Promise<boolean> {
    const at = { target, part: `${this.#path(target.sha256)}.zst.part` };
    const packed = await this.#fetchPart(
      `${base}/targets/${target.sha256}.zst`,
      { ...at, packing: { kind: 'zstd' } },
      fetch,
    );
    return packed || this.#fetchPlain(target, base, fetch);
  }

  #fetchPlain(target: ReleaseTarget, base: string, fetch: Fetch): Promise<boolean> {
    const part = `${this.#path(target.sha256)}.part`;
    return this.#fetchPart(
      `${base}/targets/${target.sha256}`,
      { target, part, packing: { kind: 'plain' } },
      fetch,
    );
  }

  /** What was gone on with and is not what was signed is fetched once more, whole. */
  async #fetchPart(
    url: string,
    { target, part, packing }: { target: ReleaseTarget; part: string; packing: Packing },
    fetch: Fetch,
  ): Promise<boolean> {
    const resumed = (await sizeOf(part)) > 0;
    try {
      if (!(await fetchInto(fetch, url, { part, maxBytes: slack(target.length) }))) return false;
      await unpackTo(this.#path(target.sha256), part, { packing, expected: target, signal: fetch.signal });
    } catch (error) {
      const { code } = describeError(error);
      const spoilt = code === 'download_mismatch' || code === 'download_too_large';
      if (!spoilt && !code.startsWith('disk_')) throw error;
      await forget(part);
      if (!(spoilt && resumed)) throw error;
      return this.#fetchPart(url, { target, part, packing }, fetch);
    }
    await forget(part);
    return true;
  }

  #path(name: string): string {
    return join(this.#options.directory, name);
  }
}
