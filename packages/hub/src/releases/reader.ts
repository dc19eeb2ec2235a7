import {
  type Floors,
  type NamedFile,
  NO_FLOORS,
  nameFile,
  type OnlineMetadata,
  ReleaseError,
  raiseFloors,
  type TrustedRoot,
  verifyInstalled,
  verifyRoots,
  verifySnapshot,
  verifyTargets,
  verifyTimestamp,
} from '@stoa/protocol/release';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { RareLog } from '../rare-log.ts';
import { floorsBy } from './floors.ts';
import type { PublishedRelease, Releases } from './release.ts';
import type { ReleaseTree } from './tree.ts';
import type { ReleaseTrust } from './trust.ts';

/** What this region serves, verified as a node would that refreshes now; how long it holds is not judged. */
export interface Standing {
  /** Trusted as it stands. */
  readonly anchor: Uint8Array;
  /** The roots that follow it, oldest first. */
  readonly chain: readonly Uint8Array[];
  /** The newest. */
  readonly root: TrustedRoot;
  /** What is in force; undefined before the first release, and where what is served does not hold. */
  readonly inForce: InForce | undefined;
  /** Why it does not hold. Nodes take nothing by it until something else is put in its place. */
  readonly broken: ReleaseError | undefined;
  /** What nodes of this region may have seen: nothing older is put in force. */
  readonly floors: Floors;
}

export interface InForce {
  readonly timestamp: OnlineMetadata;
  readonly snapshot: OnlineMetadata;
  readonly release: PublishedRelease;
  /** As served. */
  readonly bytes: { readonly timestamp: Uint8Array; readonly targets: Uint8Array };
  /** Whether the newest root names the keys that signed it; if not, nodes wait until it is signed anew. */
  readonly byNewestRoot: boolean;
}

/** Roots by which releases are judged here: that which is trusted as it stands, and those that follow it. */
export interface TrustedRoots {
  /** Hex, of their signed parts. */
  readonly hashes: ReadonlySet<string>;
  /** No chain leads from such roots to real ones, nor back. */
  readonly development: boolean;
}

const SHOWN = 200;
const COMPLAIN_MS = 3_600_000;

/** Reads the tree that this instance or another has written. */
export class ReleaseReader implements Releases {
  readonly #tree: ReleaseTree;
  readonly #trust: ReleaseTrust;
  readonly #complaints: RareLog;
  /** What was read last: it holds for as long as the timestamp is the same. */
  #held: { readonly standing: Standing; readonly timestamp: Uint8Array } | undefined;
  #listed: { readonly standing: Standing; readonly releases: readonly PublishedRelease[] } | undefined;

  constructor(by: { tree: ReleaseTree; trust: ReleaseTrust; clock: Pick<Clock, 'now'>; log: Log }) {
    this.#tree = by.tree;
    this.#trust = by.trust;
    this.#complaints = new RareLog({ ...by, everyMs: COMPLAIN_MS });
  }

  async current(): Promise<PublishedRelease | undefined> {
    return (await this.standing())?.inForce?.release;
  }

  async find(targetsVersion: number): Promise<PublishedRelease | undefined> {
    return (await this.list()).find(({ version }) => version === targetsVersion);
  }

  async list(): Promise<readonly PublishedRelease[]> {
    const standing = await this.standing();
    if (standing?.inForce === undefined) return [];
    if (this.#listed?.standing !== standing)
      this.#listed = { standing, releases: await this.releasesOf(standing) };
    return this.#listed.releases;
  }

  /** The newest first. */
  async releasesOf({ root, inForce }: Standing): Promise<readonly PublishedRelease[]> {
    return inForce === undefined ? [] : this.#loadList(root, inForce);
  }

  /** Undefined where no root is trusted; never `broken`. @throws ReleaseError where what is served does not hold. */
  async standing(): Promise<Standing | undefined> {
    if (this.#held !== undefined) {
      const timestamp = await this.#tree.timestamp();
      if (timestamp !== undefined && Buffer.from(this.#held.timestamp).equals(timestamp))
        return this.#held.standing;
    }
    const standing = await this.load();
    if (standing?.broken !== undefined) throw standing.broken;
    if (standing?.inForce !== undefined)
      this.#held = { standing, timestamp: standing.inForce.bytes.timestamp };
    return standing;
  }

  /** As `standing`, every root and signature anew, for who may mend it. @throws ReleaseError where the roots do not hold. */
  async load(within?: TransactionSql): Promise<Standing | undefined> {
    const anchor = await this.#trust.anchor(within);
    if (anchor === undefined) return undefined;
    const chain = await this.#rootsAfter(verifyRoots(anchor).version);
    const root = verifyRoots(anchor, chain);
    const roots = { anchor, chain, root };
    const bytes = await this.#tree.timestamp();
    try {
      const inForce = bytes && (await this.#inForce(root, bytes));
      if (inForce !== undefined)
        return { ...roots, inForce, broken: undefined, floors: floorsOf(root, inForce) };
      return { ...roots, inForce, broken: undefined, floors: await floorsBy(this.#tree, root, undefined) };
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      const floors = await floorsBy(this.#tree, root, bytes);
      return { ...roots, inForce: undefined, broken: error, floors };
    }
  }

  /** As far as they hold; undefined where none is trusted. */
  async roots(): Promise<TrustedRoots | undefined> {
    const anchor = await this.#trust.anchor();
    if (anchor === undefined) return undefined;
    const root = await this.#newestOf(anchor);
    return {
      hashes: new Set([root, ...root.earlier].map(({ sha256 }) => sha256)),
      development: root.development,
    };
  }

  async #newestOf(anchor: Uint8Array): Promise<TrustedRoot> {
    const root = verifyRoots(anchor);
    try {
      return verifyRoots(anchor, await this.#rootsAfter(root.version));
    } catch (error) {
      if (error instanceof ReleaseError) return root;
      throw error;
    }
  }

  /** Root metadata that follows a version without a gap, oldest first. */
  async #rootsAfter(version: number): Promise<readonly Uint8Array[]> {
    const chain: Uint8Array[] = [];
    for (let next = version + 1; ; next += 1) {
      const bytes = await this.#tree.read('root', next);
      if (bytes === undefined) return chain;
      chain.push(bytes);
    }
  }

  /** By whichever root's keys signed it: a publish that was cut off between a new root and its timestamp is told apart. */
  async #inForce(newest: TrustedRoot, bytes: Uint8Array): Promise<InForce> {
    const { root, timestamp } = signedUnder(newest, bytes);
    const snapshotBytes = await this.#tree.read('snapshot', timestamp.names.version);
    const snapshot = verifySnapshot(root, snapshotBytes ?? new Uint8Array(), { timestamp });
    const targets = (await this.#tree.read('targets', snapshot.names.version)) ?? new Uint8Array();
    const release = published(newest, targets);
    requireNamed(snapshot.names, nameFile(release.version, targets));
    return {
      ...{ timestamp, snapshot, release },
      bytes: { timestamp: bytes, targets },
      byNewestRoot: root.version === newest.version,
    };
  }

  async #loadList(root: TrustedRoot, inForce: InForce): Promise<readonly PublishedRelease[]> {
    const earlier = (await this.#tree.versions('targets')).filter(
      (version) => version < inForce.release.version,
    );
    const releases: PublishedRelease[] = [inForce.release];
    for (const version of earlier.slice(-SHOWN).toReversed()) {
      const bytes = (await this.#tree.read('targets', version)) ?? new Uint8Array();
      try {
        releases.push(published(root, bytes));
      } catch (err) {
        const message = 'an earlier release is not shown: its metadata does not hold';
        this.#complaints.write('warn', String(version), { fields: { version, err }, message });
      }
    }
    return releases;
  }
}

/** As where nothing was published yet. @throws ReleaseError */
export function standingOf(anchor: Uint8Array): Standing {
  const root = verifyRoots(anchor);
  return { anchor, chain: [], root, inForce: undefined, broken: undefined, floors: NO_FLOORS };
}

function floorsOf(root: TrustedRoot, { timestamp, snapshot, release: targets }: InForce): Floors {
  return raiseFloors(NO_FLOORS, root, { timestamp, snapshot, targets });
}

function signedUnder(
  newest: TrustedRoot,
  bytes: Uint8Array,
): { root: TrustedRoot; timestamp: OnlineMetadata } {
  const faults: unknown[] = [];
  for (const root of [newest, ...newest.earlier.toReversed()]) {
    try {
      return { root, timestamp: verifyTimestamp(root, bytes) };
    } catch (error) {
      if (!(error instanceof ReleaseError && error.code === 'not_signed')) throw error;
      faults.push(error);
    }
  }
  throw faults[0];
}

/** A root may take away the keys of the release that is in force: it is still told, and nodes install nothing by it. */
function published(root: TrustedRoot, bytes: Uint8Array): PublishedRelease {
  return { ...verifyInstalled(root, bytes), vouched: vouches(root, bytes) };
}

function vouches(root: TrustedRoot, bytes: Uint8Array): boolean {
  try {
    verifyTargets(root, bytes);
    return true;
  } catch (error) {
    if (error instanceof ReleaseError) return false;
    throw error;
  }
}

function requireNamed(named: NamedFile, found: NamedFile): void {
  if (named.sha256 === found.sha256 && named.version === found.version) return;
  throw new ReleaseError('mismatch', `targets ${found.version} are not those that the snapshot names`);
}
