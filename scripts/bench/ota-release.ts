import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeReleaseParties, makeTarget, type ReleaseParties } from '@stoa/protocol/fixtures';
import type { Platform, ReleaseTarget } from '@stoa/protocol/release';

const DAY_MS = 24 * 3_600_000;

/** A file of a release, with its encoded form where it is sent in one. */
export interface ReleaseFile {
  readonly target: ReleaseTarget;
  readonly bytes: Uint8Array;
  readonly packed?: Uint8Array;
}

/** People who sign, and the tree that a hub or a mirror serves of what they signed. */
export class OtaReleases {
  readonly #parties: ReleaseParties = makeReleaseParties('bench ota');
  readonly #directory: string;
  readonly #files: ReleaseFile[] = [];
  #version = 0;

  /** @param directory Of the tree: `metadata/` and `targets/`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  get root(): Uint8Array {
    return this.#parties.root();
  }

  get targets(): readonly ReleaseTarget[] {
    return this.#files.map(({ target }) => target);
  }

  static file(
    platform: Platform,
    version: string,
    by: { bytes: Uint8Array; packed?: Uint8Array; kind?: ReleaseTarget['custom']['kind']; from?: string },
  ): ReleaseFile {
    const { bytes, packed, kind = 'payload', from } = by;
    const custom = { kind, ...(from !== undefined && { from }) };
    return { target: makeTarget(platform, version, { bytes, custom }), bytes, ...(packed && { packed }) };
  }

  /** What was published before stays valid. */
  async publish(release: string, files: readonly ReleaseFile[]): Promise<void> {
    this.#files.push(...files);
    this.#version += 1;
    const version = this.#version;
    const at = Date.now();
    const targets = this.#parties.targets({
      version,
      release,
      floor: '0.0.1',
      targets: this.targets,
      expiresAt: at + 90 * DAY_MS,
    });
    const expiresAt = at + DAY_MS;
    const { snapshot, timestamp } = this.#parties.online(targets, {
      version,
      targetsVersion: version,
      expiresAt,
    });
    for (const { target, bytes, packed } of files) {
      await this.#write(`targets/${target.sha256}`, bytes);
      if (packed !== undefined) await this.#write(`targets/${target.sha256}.zst`, packed);
    }
    await this.#write(`metadata/${version}.targets.json`, targets);
    await this.#write(`metadata/${version}.snapshot.json`, snapshot);
    await this.#write('metadata/timestamp.json', timestamp);
  }

  /** Undefined where there is none. */
  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.#directory, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const whole = join(this.#directory, path);
    await mkdir(join(whole, '..'), { recursive: true });
    await writeFile(whole, bytes);
  }
}
