import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BUILD_FILE, parseBuild, targetPath } from '@stoa/protocol/release';
import { orMissing } from '../or-missing.ts';
import type { Fetch } from '../tips/index.ts';
import { PublishError } from './error.ts';
import type { VersionedRole } from './tree.ts';

/** A file by what the metadata says of it; a list of components has no path. */
export interface NamedBlob {
  readonly path?: string;
  /** Hex. */
  readonly sha256: string;
}

/** Where a release comes from. Nothing of it is trusted. */
export interface ReleaseSource {
  /** For people. */
  readonly name: string;
  /** At most `most` bytes. Undefined where there is none. @throws PublishError where there is more. */
  metadata(role: VersionedRole, version: number, most: number): Promise<Uint8Array | undefined>;
  /** A target's file as it is served, plain or by zstd. Undefined where there is none. */
  open(blob: NamedBlob, encoding: 'plain' | 'zstd'): Promise<Readable | undefined>;
}

/** No target has this path. */
const SBOM = '';

/**
 * A directory on this machine: as the build leaves it (`release.json` names the files) with signed metadata beside, or a
 * tree like the one that is served.
 */
export class DirectorySource implements ReleaseSource {
  readonly name: string;
  readonly #directory: string;
  #files: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(directory: string) {
    this.name = directory;
    this.#directory = directory;
  }

  /** Versions of a role that lie there, ascending. */
  async versions(role: VersionedRole): Promise<readonly number[]> {
    const found = new Set<number>();
    for (const folder of [this.#directory, join(this.#directory, 'metadata')])
      for (const name of (await orMissing(readdir(folder))) ?? []) {
        const [, version, of] = /^([1-9]\d{0,9})\.(root|targets|snapshot)\.json$/.exec(name) ?? [];
        if (of === role) found.add(Number(version));
      }
    return [...found].sort((a, b) => a - b);
  }

  async metadata(role: VersionedRole, version: number, most: number): Promise<Uint8Array | undefined> {
    for (const folder of ['', 'metadata']) {
      const path = join(this.#directory, folder, `${version}.${role}.json`);
      const facts = await orMissing(stat(path));
      if (!facts?.isFile()) continue;
      if (facts.size > most) throw tooLarge(path, most);
      return new Uint8Array(await readFile(path));
    }
    return undefined;
  }

  async open(blob: NamedBlob, encoding: 'plain' | 'zstd'): Promise<Readable | undefined> {
    const end = encoding === 'zstd' ? '.zst' : '';
    this.#files ??= this.#index();
    const named = (await this.#files).get(blob.path ?? SBOM);
    const names = [join('targets', blob.sha256), ...(named === undefined ? [] : [named])];
    for (const name of names) {
      const path = join(this.#directory, `${name}${end}`);
      if ((await orMissing(stat(path)))?.isFile()) return createReadStream(path);
    }
    return undefined;
  }

  async #index(): Promise<ReadonlyMap<string, string>> {
    const bytes = await orMissing(readFile(join(this.#directory, BUILD_FILE)));
    if (bytes === undefined) return new Map();
    const { version, files, sbom } = parseBuild(new Uint8Array(bytes));
    const named = files.map((each) => [targetPath({ ...each, version }), each.file] as const);
    return new Map(sbom === undefined ? named : [...named, [SBOM, sbom]]);
  }
}

/** How long a mirror may be silent, and how long one file may take in all: 30 MB at 16 KB a second. */
const SILENCE_MS = 30_000;
const LONGEST_MS = 30 * 60_000;

/** The tree of another region, as it serves it. */
export class MirrorSource implements ReleaseSource {
  readonly name: string;
  readonly #origin: string;
  readonly #fetch: Fetch;

  constructor(by: { origin: string; fetch: Fetch }) {
    this.name = by.origin;
    this.#origin = by.origin;
    this.#fetch = by.fetch;
  }

  timestamp(most: number): Promise<Uint8Array | undefined> {
    return this.#bytes('metadata/timestamp.json', most);
  }

  metadata(role: VersionedRole, version: number, most: number): Promise<Uint8Array | undefined> {
    return this.#bytes(`metadata/${version}.${role}.json`, most);
  }

  open(blob: NamedBlob, encoding: 'plain' | 'zstd'): Promise<Readable | undefined> {
    return this.#open(`targets/${blob.sha256}${encoding === 'zstd' ? '.zst' : ''}`);
  }

  async #bytes(path: string, most: number): Promise<Uint8Array | undefined> {
    const stream = await this.#open(path);
    if (stream === undefined) return undefined;
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of stream as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > most) throw tooLarge(`${this.#origin}/releases/${path}`, most);
      parts.push(part);
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  async #open(path: string): Promise<Readable | undefined> {
    const url = `${this.#origin}/releases/${path}`;
    const silent = new AbortController();
    const watch = setTimeout(() => silent.abort(new Error(`silent for ${SILENCE_MS / 1_000} s`)), SILENCE_MS);
    try {
      // Another region has no say in whom this hub asks.
      const answer = await this.#fetch(url, {
        redirect: 'error',
        signal: AbortSignal.any([silent.signal, AbortSignal.timeout(LONGEST_MS)]),
      });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200 || answer.body === null) throw new Error(`it answers ${answer.status}`);
      const stream = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]);
      stream.on('data', () => watch.refresh()).pause();
      stream.once('close', () => clearTimeout(watch));
      return stream;
    } catch (cause) {
      clearTimeout(watch);
      throw new PublishError('mirror_failed', `${url} could not be fetched`, { retry: true, cause });
    }
  }
}

function tooLarge(what: string, most: number): PublishError {
  return new PublishError(
    'release_refused',
    `${what} is larger than ${most} bytes, the most that nodes read`,
  );
}
