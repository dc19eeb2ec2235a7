import {
  METADATA_BYTES,
  peekRoot,
  ReleaseError,
  type ReleaseTargets,
  type TrustedRoot,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTimestamp,
} from '@stoa/protocol/release';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { blobsOf, takeBlob } from './blobs.ts';
import { PublishError } from './error.ts';
import { isSigned } from './floors.ts';
import { type RootFile, rootUnknown } from './intake.ts';
import type { ReleasePublisher } from './publisher.ts';
import type { ReleaseReader } from './reader.ts';
import type { ReleaseSightings } from './sightings.ts';
import type { MirrorSource } from './source.ts';
import type { ReleaseTree, VersionedRole } from './tree.ts';

/** Roots in one go, at most: more is somebody's mischief, and the next look goes on. */
const MOST_ROOTS = 100;

export interface MirrorDeps {
  readonly source: MirrorSource;
  readonly tree: ReleaseTree;
  readonly reader: ReleaseReader;
  readonly sightings: ReleaseSightings;
  readonly publisher: Pick<ReleasePublisher, 'exclusively'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Serves what another region publishes, byte for byte, once it is verified as a node would. It holds no key: what it serves
 * ages as the other region's does, and what the disk has spoilt comes from there again.
 */
export class ReleaseMirror {
  readonly #deps: MirrorDeps;

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  /**
   * Idempotent. @returns whether there was anything newer.
   * @throws PublishError, ReleaseError: what was served before still is.
   */
  async follow(): Promise<boolean> {
    const { source, reader, sightings, tree, clock } = this.#deps;
    const standing = await reader.load();
    if (standing === undefined) throw rootUnknown();
    const at = clock.now();
    const later = await this.#rootsAfter(standing.root.version);
    const root = verifyRoots(standing.anchor, [...standing.chain, ...later.map(({ bytes }) => bytes)], {
      at,
    });
    const bytes = await source.timestamp(METADATA_BYTES.timestamp);
    if (bytes === undefined) throw missing(source, 'timestamp.json');
    const held = standing.inForce;
    if (later.length === 0 && held !== undefined && Buffer.from(held.bytes.timestamp).equals(bytes))
      return false;
    const { floors } = standing;
    const timestamp = verifyTimestamp(root, bytes, { at, floors });
    const snapshotBytes = await this.#metadata('snapshot', timestamp.names.version);
    const snapshot = verifySnapshot(root, snapshotBytes, { at, floors, timestamp });
    const targets = await this.#metadata('targets', snapshot.names.version);
    const release = verifyNamedTargets(root, targets, { at, floors, snapshot });
    if (release.version === held?.release.version && release.sha256 !== held.release.sha256)
      throw new ReleaseError(
        'mismatch',
        `targets ${release.version} of ${source.name} are not those served here`,
      );
    for (const blob of blobsOf(release)) await takeBlob(tree, blob, source);
    if (release.version !== held?.release.version || later.length > 0) await this.#tell(root, release);
    await this.#deps.publisher.exclusively(async (tx) => {
      // Another instance may have been quicker: nothing goes back.
      const now = await reader.load(tx);
      if (now !== undefined) verifyTimestamp(root, bytes, { floors: now.floors });
      await sightings.note(tx, release.sha256, at);
      const sound = (role: 'targets' | 'snapshot') => (held: Uint8Array) => isSigned(root, role, held);
      await tree.keep('targets', release.version, targets, sound('targets'));
      // No earlier ones: that one leads to the trusted root proves nothing of it, and whoever planted it would have it stay.
      const anchor = { version: peekRoot(standing.anchor).version, bytes: standing.anchor };
      for (const { version, bytes: each } of [anchor, ...later]) await tree.keep('root', version, each);
      await tree.keep('snapshot', snapshot.version, snapshotBytes, sound('snapshot'));
      await tree.replaceTimestamp(bytes);
    });
    return true;
  }

  async #tell(root: TrustedRoot, release: ReleaseTargets): Promise<void> {
    await this.#deps.audit.append({
      actor: 'hub',
      act: 'release.mirror',
      subject: String(release.version),
      detail: { from: this.#deps.source.name, root: root.version, sha256: release.sha256 },
    });
  }

  async #rootsAfter(version: number): Promise<RootFile[]> {
    const roots: RootFile[] = [];
    while (roots.length < MOST_ROOTS) {
      const next = version + roots.length + 1;
      const bytes = await this.#deps.source.metadata('root', next, METADATA_BYTES.root);
      if (bytes === undefined) break;
      roots.push({ version: next, bytes });
    }
    return roots;
  }

  async #metadata(role: VersionedRole, version: number): Promise<Uint8Array> {
    const { source } = this.#deps;
    const bytes = await source.metadata(role, version, METADATA_BYTES[role]);
    if (bytes === undefined) throw missing(source, `${version}.${role}.json`);
    return bytes;
  }
}

function missing(source: MirrorSource, name: string): PublishError {
  return new PublishError('mirror_failed', `${source.name} has no ${name}: nothing is published there yet`, {
    retry: true,
  });
}
