import {
  buildSnapshot,
  buildTimestamp,
  nameFile,
  type OnlineMetadata,
  peekRoot,
  type TrustedRoot,
  versionByKeys,
} from '@stoa/protocol/release';
import type { AuditLog } from '#audit/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { blobsOf, takeBlob } from './blobs.ts';
import { PublishError } from './error.ts';
import { highestSnapshot, isSigned } from './floors.ts';
import { type Candidate, inspect } from './intake.ts';
import type { OnlineKeys } from './online-keys.ts';
import type { ReleaseReader, Standing } from './reader.ts';
import type { ReleaseSightings } from './sightings.ts';
import type { DirectorySource } from './source.ts';
import type { ReleaseTree } from './tree.ts';

/** Any constant: it names "who writes the release tree" among advisory locks of the region. */
const WRITING_LOCK = 7_403_331;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const TIMESTAMP_MS = 24 * HOUR;
export const SNAPSHOT_MS = 7 * 24 * HOUR;

export interface PublisherDeps {
  readonly sql: Sql;
  readonly tree: ReleaseTree;
  readonly reader: ReleaseReader;
  readonly sightings: ReleaseSightings;
  readonly keys: OnlineKeys;
  readonly audit: Pick<AuditLog, 'append' | 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Published {
  /** Whether anything changed. */
  readonly changed: boolean;
  readonly root: number;
  readonly release:
    | { readonly version: number; readonly sha256: string; readonly content: string }
    | undefined;
}

/** Puts releases in force, and keeps them fresh. One process of the region at a time. */
export class ReleasePublisher {
  readonly #deps: PublisherDeps;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /**
   * Verifies as a node would, stores, signs, and puts in force: all of it, or what was in force stays. What is in force
   * already is left as it is.
   * @throws PublishError, ReleaseError
   */
  async publish(source: DirectorySource, by: { actor: string }): Promise<Published> {
    const { tree, keys } = this.#deps;
    const first = await this.#inspect(source);
    if (!first.changes) return report(first, false);
    await keys.require(first.root);
    for (const blob of blobsIn(first)) await takeBlob(tree, blob, source);
    await this.#tell(first, by.actor);
    return this.exclusively(async (tx) => {
      // What another process has published meanwhile counts.
      const candidate = await this.#inspect(source, tx);
      if (!candidate.changes) return report(candidate, false);
      await this.#putInForce(candidate, tx);
      return report(candidate, true);
    });
  }

  /**
   * Signs snapshot and timestamp anew where they are half through, or where the root has changed their keys. Idempotent.
   * @returns whether it signed. @throws PublishError `online_key_missing`.
   */
  async refresh(): Promise<boolean> {
    const found = await this.#deps.reader.load();
    // Only who has what was signed can put it there again.
    if (found?.broken !== undefined) throw found.broken;
    if (!isDue(found, this.#deps.clock.now())) return false;
    return this.exclusively(async (tx) => {
      const standing = await this.#deps.reader.load(tx);
      if (standing?.inForce === undefined || !isDue(standing, this.#deps.clock.now())) return false;
      const { release, bytes } = standing.inForce;
      await this.#sign(standing.root, { version: release.version, bytes: bytes.targets }, tx);
      return true;
    });
  }

  /**
   * Removes what of a release no other one names; metadata stays, since nodes may come by it. @returns names of files.
   * @throws PublishError `release_unknown`, `release_in_force`.
   */
  async retire(version: number, by: { actor: string }): Promise<readonly string[]> {
    const { reader, tree, audit } = this.#deps;
    // What is kept is found out within the lock: a release that comes into force meanwhile may name the same files.
    return this.exclusively(async (tx) => {
      const standing = await reader.load(tx);
      if (standing?.broken !== undefined) throw standing.broken;
      const [current, ...earlier] = standing === undefined ? [] : await reader.releasesOf(standing);
      if (current?.version === version)
        throw new PublishError(
          'release_in_force',
          `targets ${version} are in force: publish the next ones first`,
        );
      const gone = earlier.find((release) => release.version === version);
      if (gone === undefined)
        throw new PublishError(
          'release_unknown',
          `no targets ${version} were published here: stoa-hub release list`,
        );
      const others = [current!, ...earlier.filter((release) => release !== gone)];
      const kept = new Set(others.flatMap((release) => blobsOf(release).map(({ sha256 }) => sha256)));
      const names = blobsOf(gone)
        .filter(({ sha256 }) => !kept.has(sha256))
        .flatMap(({ sha256 }) => [sha256, `${sha256}.zst`]);
      await audit.appendIn(tx, { actor: by.actor, act: 'release.retire', subject: String(version) });
      const removed: string[] = [];
      for (const name of names) if (await tree.removeBlob(name)) removed.push(name);
      return removed;
    });
  }

  /**
   * Work on the tree that no other process of the region does meanwhile. It asks the database by its transaction alone: who
   * waits for a second connection while others wait for this lock would wait for ever.
   */
  exclusively<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return this.#deps.sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${WRITING_LOCK})`;
      return work(tx);
    }) as Promise<T>;
  }

  async #inspect(source: DirectorySource, within?: TransactionSql): Promise<Candidate> {
    const standing = await this.#deps.reader.load(within);
    return inspect({ standing, source, at: this.#deps.clock.now() });
  }

  async #tell({ root, targets, standing }: Candidate, actor: string): Promise<void> {
    const release = targets?.release;
    await this.#deps.audit.append({
      actor,
      act: 'release.publish',
      subject: String(release?.version ?? standing.inForce?.release.version ?? 0),
      detail: {
        root: root.version,
        ...(release && {
          ...{ release: release.release, sha256: release.sha256 },
          ...{ signers: release.signers, security: release.security },
        }),
      },
    });
  }

  async #putInForce(candidate: Candidate, tx: TransactionSql): Promise<void> {
    const { standing, root, roots, targets } = candidate;
    const { tree, sightings, keys, clock } = this.#deps;
    for (const { sha256, name } of blobsIn(candidate))
      if ((await tree.blob(sha256)) === undefined)
        throw new PublishError(
          'release_incomplete',
          `the file of ${name} was retired meanwhile: publish again`,
          {
            retry: true,
          },
        );
    const held = standing.inForce;
    const put =
      targets === undefined
        ? held && { version: held.release.version, bytes: held.bytes.targets }
        : { version: targets.release.version, bytes: targets.bytes };
    if (targets !== undefined) {
      await sightings.note(tx, targets.release.sha256, clock.now());
      const { version } = targets.release;
      await tree.keep('targets', version, targets.bytes, (there) => isSigned(root, 'targets', there));
    }
    const anchor = { version: peekRoot(standing.anchor).version, bytes: standing.anchor };
    for (const { version, bytes } of [anchor, ...roots]) await tree.keep('root', version, bytes);
    if (put !== undefined) await this.#sign(root, put, tx);
    await keys.forget(root, tx);
  }

  /** The timestamp comes last: it puts in force what is whole by then. */
  async #sign(
    root: TrustedRoot,
    targets: { version: number; bytes: Uint8Array },
    tx: TransactionSql,
  ): Promise<void> {
    const { tree, keys, clock } = this.#deps;
    const now = clock.now();
    const snapshotVersion = await this.#nextSnapshot(root, now);
    const snapshot = await keys.sign(
      root,
      'snapshot',
      buildSnapshot({
        version: snapshotVersion,
        expiresAt: now + SNAPSHOT_MS,
        names: nameFile(targets.version, targets.bytes),
      }),
      tx,
    );
    const before = await tree.timestamp();
    const timestamp = await keys.sign(
      root,
      'timestamp',
      buildTimestamp({
        version: nextVersion(before && versionByKeys(root, 'timestamp', before), now),
        expiresAt: now + TIMESTAMP_MS,
        names: nameFile(snapshotVersion, snapshot),
      }),
      tx,
    );
    await tree.keep('snapshot', snapshotVersion, snapshot);
    await tree.replaceTimestamp(timestamp);
  }

  /** Above all that the present keys signed, and under a name that is free: others may have numbered as they liked. */
  async #nextSnapshot(root: TrustedRoot, now: number): Promise<number> {
    const { tree } = this.#deps;
    const taken = await tree.versions('snapshot');
    let next = nextVersion(await highestSnapshot(tree, root), now);
    while (taken.includes(next)) next += 1;
    return next;
  }
}

/** At least the minutes since 1970, so that a tree that was lost or restored does not begin below what nodes saw (F18). */
export function nextVersion(before: number | undefined, now: number): number {
  return Math.max((before ?? 0) + 1, Math.floor(now / MINUTE));
}

function isDue(standing: Standing | undefined, now: number): boolean {
  const held = standing?.inForce;
  if (held === undefined) return false;
  const old = ({ expiresAt }: OnlineMetadata, life: number) => expiresAt - now < life / 2;
  return !held.byNewestRoot || old(held.timestamp, TIMESTAMP_MS) || old(held.snapshot, SNAPSHOT_MS);
}

function blobsIn({ targets }: Candidate) {
  return targets === undefined ? [] : blobsOf(targets.release);
}

function report({ root, targets }: Candidate, changed: boolean): Published {
  const release = targets?.release;
  return {
    changed,
    root: root.version,
    release: release && { version: release.version, sha256: release.sha256, content: release.release },
  };
}
