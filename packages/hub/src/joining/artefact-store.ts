import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Artefact,
  artefactName,
  type CryptoSuite,
  parseStatement,
  verifyStatement,
} from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { orMissing } from '../or-missing.ts';
import { RareLog } from '../rare-log.ts';
import { Refreshed } from '../refreshed.ts';

export interface Release {
  readonly version: string;
  readonly artefacts: readonly Artefact[];
  /** As it lies on the disk. */
  readonly statement: string;
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
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const COMPLAIN_MS = 3_600_000;

/** The agents that this hub has to give: only what nodes of its region would accept. */
export class ArtefactStore {
  readonly #deps: ArtefactStoreDeps;
  readonly #complaints: RareLog;
  readonly #releases: Refreshed<readonly Release[]>;

  constructor(deps: ArtefactStoreDeps) {
    const { clock, log } = deps;
    this.#deps = deps;
    this.#complaints = new RareLog({ log, clock, everyMs: COMPLAIN_MS });
    this.#releases = new Refreshed({ clock, load: () => this.#load() });
  }

  /** The newest, or the version asked for. */
  async release(version?: string): Promise<Release | undefined> {
    const releases = await this.#releases.read();
    return version === undefined ? releases[0] : releases.find((release) => release.version === version);
  }

  /** By its SHA-256 in hex; undefined for what no statement names, or whose file is not the size that it says. */
  async archive(sha256: string): Promise<Archive | undefined> {
    for (const { version, artefacts } of await this.#releases.read()) {
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

  /** The newest first. */
  async #load(): Promise<readonly Release[]> {
    const names = (await orMissing(readdir(this.#deps.directory))) ?? [];
    const releases = await Promise.all(
      names.filter((name) => /^\d/.test(name)).map((name) => this.#read(name)),
    );
    return releases.flat().sort((a, b) => compareVersions(b.version, a.version));
  }

  async #read(name: string): Promise<Release[]> {
    const { directory, crypto, region, rootFingerprint } = this.#deps;
    const path = join(directory, name, 'statement');
    try {
      const statement = await orMissing(readFile(path, 'utf8'));
      if (statement === undefined) return [];
      const manifest = verifyStatement(parseStatement(statement), { region, rootFingerprint }, crypto);
      if (manifest.version !== name) throw new RangeError(`it is of version ${manifest.version}`);
      return [{ ...manifest, statement }];
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
