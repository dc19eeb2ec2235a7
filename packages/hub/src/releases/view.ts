import { compareVersions, ReleaseError, type ReleaseTarget, type TrustedRoot } from '@stoa/protocol/release';
import type { AuditStore } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import { blobsOf } from './blobs.ts';
import type { Standing } from './reader.ts';
import type { PublishedRelease } from './release.ts';
import type { ReleaseBench } from './releases.ts';
import { endsOf, type ReleaseEnd } from './upkeep.ts';

export type ReleaseState = 'in force' | 'earlier' | 'revoked';

export interface ReleaseRow {
  readonly release: PublishedRelease;
  /** Revoked: the newest root no longer vouches for it. */
  readonly state: ReleaseState;
  readonly platforms: readonly string[];
  /** Bytes of its files, decoded. */
  readonly size: number;
  readonly published: { readonly at: number; readonly by: string } | undefined;
}

export interface ReleasesView {
  readonly standing: Standing | undefined;
  readonly rows: readonly ReleaseRow[];
  readonly ends: readonly ReleaseEnd[];
  readonly online: readonly OnlineKeyView[];
  /** Origin of the region that publishes; undefined: this one. */
  readonly mirrorOf: string | undefined;
  /** Why the last attempt to keep it fresh failed. */
  readonly fault: string | undefined;
  /** Why nodes would take nothing of what lies on the disk; then there is no standing. */
  readonly broken: string | undefined;
  readonly now: number;
}

export interface OnlineKeyView {
  readonly role: 'snapshot' | 'timestamp';
  readonly id: string;
  /** Whether this region can sign by it. */
  readonly isHeld: boolean;
}

export interface FileView {
  readonly target: ReleaseTarget;
  /** Bytes of its encoding; undefined where it is served plain only. */
  readonly packed: number | undefined;
  /** False where its bytes were retired. */
  readonly isHere: boolean;
}

export interface ReleaseView {
  readonly row: ReleaseRow;
  readonly root: TrustedRoot;
  readonly files: readonly FileView[];
  readonly changes: Changes | undefined;
  readonly origin: string;
  readonly now: number;
}

/** What is other than in the release before. */
export interface Changes {
  readonly since: PublishedRelease;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Undefined where it stayed. */
  readonly floor: string | undefined;
}

export interface ViewDeps {
  readonly bench: ReleaseBench;
  readonly auditStore: Pick<AuditStore, 'page'>;
  readonly mirrorOf: string | undefined;
  readonly fault: () => Promise<string | undefined>;
  readonly clock: Pick<Clock, 'now'>;
  readonly origin: string;
}

const TOLD = 500;

/** What pages and programs are told of releases. */
export class ReleaseViews {
  readonly #deps: ViewDeps;

  constructor(deps: ViewDeps) {
    this.#deps = deps;
  }

  async list(): Promise<ReleasesView> {
    const { bench, clock, mirrorOf } = this.#deps;
    const [{ standing, rows, broken }, fault, held] = await Promise.all([
      this.#served(),
      this.#deps.fault(),
      bench.keys.list(),
    ]);
    const online = (['snapshot', 'timestamp'] as const).flatMap((role) =>
      (standing?.root.roles[role].keys ?? []).map(({ id }) => ({
        ...{ role, id, isHeld: held.some((key) => key.id === id) },
      })),
    );
    return { standing, rows, broken, ends: endsOf(standing), online, mirrorOf, fault, now: clock.now() };
  }

  /** Undefined for what was never published here. */
  async one(version: number): Promise<ReleaseView | undefined> {
    const { bench, clock, origin } = this.#deps;
    const [standing, rows] = await Promise.all([bench.reader.standing(), this.#rows()]);
    const at = rows.findIndex(({ release }) => release.version === version);
    const row = rows[at];
    if (row === undefined || standing === undefined) return undefined;
    const files = await Promise.all(row.release.targets.map((target) => this.#file(target)));
    const before = rows[at + 1]?.release;
    const changes = before && changesOf(row.release, before);
    return { row, root: standing.root, files, changes, origin, now: clock.now() };
  }

  async #served(): Promise<Pick<ReleasesView, 'standing' | 'rows' | 'broken'>> {
    try {
      const standing = await this.#deps.bench.reader.standing();
      return { standing, rows: await this.#rows(), broken: undefined };
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      return { standing: undefined, rows: [], broken: error.message };
    }
  }

  async #file(target: ReleaseTarget): Promise<FileView> {
    const { tree } = this.#deps.bench;
    const [plain, packed] = await Promise.all([tree.blob(target.sha256), tree.blob(`${target.sha256}.zst`)]);
    return { target, packed: packed?.size, isHere: plain !== undefined };
  }

  async #rows(): Promise<readonly ReleaseRow[]> {
    const { bench, auditStore, mirrorOf } = this.#deps;
    const act = mirrorOf === undefined ? 'release.publish' : 'release.mirror';
    const [releases, told] = await Promise.all([
      bench.reader.list(),
      auditStore.page({ kind: 'all' }, { act }, { limit: TOLD }),
    ]);
    // The first time that it was: what is published again changes nothing.
    const published = new Map(told.rows.map(({ subject, at, actor }) => [subject, { at, by: actor }]));
    return releases.map((release, i) => ({
      release,
      state: !release.vouched ? 'revoked' : i === 0 ? 'in force' : 'earlier',
      platforms: [...new Set(release.targets.map(({ custom }) => custom.platform))].sort(),
      size: blobsOf(release).reduce((sum, { length }) => sum + length, 0),
      published: published.get(String(release.version)),
    }));
  }
}

function changesOf(release: PublishedRelease, since: PublishedRelease): Changes {
  const named = ({ targets }: PublishedRelease) =>
    new Map(targets.map(({ path, sha256 }) => [`${path} ${sha256}`, path]));
  const [now, before] = [named(release), named(since)];
  const only = (of: Map<string, string>, other: Map<string, string>) =>
    [...of].filter(([key]) => !other.has(key)).map(([, path]) => path);
  const floor = compareVersions(release.floor, since.floor) === 0 ? undefined : release.floor;
  return { since, added: only(now, before), removed: only(before, now), floor };
}

/** Names of who signed, as the newest root has them; what it no longer knows by the beginning of its id. */
export function holdersOf(root: TrustedRoot, ids: readonly string[]): readonly string[] {
  return ids.map((id) => holderOf([root, ...root.earlier.toReversed()], id) ?? `${id.slice(0, 8)}…`);
}

function holderOf(roots: readonly Omit<TrustedRoot, 'earlier'>[], id: string): string | undefined {
  for (const { roles } of roots) {
    const key = roles.targets.keys.find((each) => each.id === id);
    if (key !== undefined) return key.holder;
  }
  return undefined;
}
