import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Artefact,
  artefactName,
  type CryptoSuite,
  type EmbeddedRoot,
  parseStatement,
  verifyStatement,
} from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { orMissing } from '../or-missing.ts';
import { RareLog } from '../rare-log.ts';
import { Refreshed } from '../refreshed.ts';
import type { TrustedRoots } from '../releases/index.ts';

export interface Release {
  readonly version: string;
  readonly artefacts: readonly Artefact[];
  /** Whose releases it takes. */
  readonly releaseRoot: EmbeddedRoot;
  /** Whether this hub trusts that root too; undefined where it trusts none yet. */
  readonly isOurs: boolean | undefined;
  /** As it lies on the disk. */
  readonly statement: string;
}

interface Found {
  /** The newest first. */
  readonly offered: readonly Release[];
  readonly refused: readonly Release[];
}

export interface Archive {
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

export interface ArtefactStoreDeps {
  /** One folder a version, as `pnpm build:artefact` makes it and the signer completes it. */
  readonly directory: string;
  readonly region: string;
  readonly rootFingerprint: Uint8Array;
  readonly crypto: CryptoSuite;
  /** By which releases are judged here; undefined where none is trusted. */
  readonly roots: () => Promise<TrustedRoots | undefined>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const COMPLAIN_MS = 3_600_000;

/**
 * The agents that this hub has to give: only what nodes of its region would accept, and where its trust in releases is real
 * only what takes those: an agent of another root would be out of reach of every release for as long as it lives.
 */
export class ArtefactStore {
  readonly #deps: ArtefactStoreDeps;
  readonly #complaints: RareLog;
  readonly #found: Refreshed<Found>;

  constructor(deps: ArtefactStoreDeps) {
    const { clock, log } = deps;
    this.#deps = deps;
    this.#complaints = new RareLog({ log, clock, everyMs: COMPLAIN_MS });
    this.#found = new Refreshed({ clock, load: () => this.#load() });
  }

  /** The newest, or the version asked for. */
  async release(version?: string): Promise<Release | undefined> {
    const { offered } = await this.#found.read();
    return version === undefined ? offered[0] : offered.find((release) => release.version === version);
  }

  /** The newest that is signed and takes releases of a root that is not trusted here, unless something newer is offered. */
  async refused(): Promise<Release | undefined> {
    const { offered, refused } = await this.#found.read();
    const [first, newest] = [offered[0], refused[0]];
    const isOlder = first && newest && compareVersions(newest.version, first.version) <= 0;
    return isOlder ? undefined : newest;
  }

  /** By its SHA-256 in hex; undefined for what no statement names, or whose file is not the size that it says. */
  async archive(sha256: string): Promise<Archive | undefined> {
    const { offered } = await this.#found.read();
    for (const { version, artefacts } of offered) {
      const artefact = artefacts.find((one) => one.sha256 === sha256);
      if (artefact === undefined) continue;
      const name = artefactName(version, artefact.platform);
      const path = join(this.#deps.directory, version, name);
      const found = await orMissing(stat(path));
      if (found?.size !== artefact.size) continue;
      return { path, name, sha256, size: artefact.size };
    }
    return undefined;
  }

  async #load(): Promise<Found> {
    const names = (await orMissing(readdir(this.#deps.directory))) ?? [];
    const roots = names.length === 0 ? undefined : await this.#deps.roots();
    const found = await Promise.all(
      names.filter((name) => /^\d/.test(name)).map((name) => this.#read(name, roots)),
    );
    const releases = found.flat().sort((a, b) => compareVersions(b.version, a.version));
    // A hub of development gives whatever was signed for it, and says what that is.
    const isOffered = ({ isOurs }: Release): boolean => isOurs !== false || roots?.development === true;
    return {
      offered: releases.filter(isOffered),
      refused: releases.filter((release) => !isOffered(release)),
    };
  }

  async #read(name: string, roots: TrustedRoots | undefined): Promise<Release[]> {
    const { directory, crypto, region, rootFingerprint } = this.#deps;
    const path = join(directory, name, 'statement');
    try {
      const statement = await orMissing(readFile(path, 'utf8'));
      if (statement === undefined) return [];
      const manifest = verifyStatement(parseStatement(statement), { region, rootFingerprint }, crypto);
      if (manifest.version !== name) throw new RangeError(`it is of version ${manifest.version}`);
      return [{ ...manifest, isOurs: roots?.hashes.has(manifest.releaseRoot.sha256), statement }];
    } catch (err) {
      const message = 'a release is not offered: nodes would refuse it';
      this.#complaints.write('warn', path, { fields: { path, err }, message });
      return [];
    }
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left!.findIndex((part, i) => part !== right![i]);
  return at < 0 ? 0 : left![at]! - right![at]!;
}
