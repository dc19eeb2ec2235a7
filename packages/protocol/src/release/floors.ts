import { ReleaseError } from './error.ts';
import { keySetId, type TrustedRoot } from './root.ts';
import { isPatch, type ReleaseTarget } from './target.ts';
import { compareVersions, LOWEST_VERSION, newerVersion, type Version } from './version.ts';

/** The highest version seen of an online role, of one set of keys: another set begins anew, or a thief could wear it out. */
export interface OnlineFloor {
  readonly keys: string;
  readonly version: number;
}

/**
 * What a node has seen and does not go behind. Kept as JSON by who may write slots (root, not the payload).
 * Only a root lowers what is in `targets`, by declaring a floor (`RootFloor`).
 */
export interface Floors {
  readonly root: number;
  readonly timestamp: OnlineFloor;
  readonly snapshot: OnlineFloor;
  readonly targets: TargetsFloor;
}

export interface TargetsFloor {
  /** The root whose declared floor is in here; 0: none. */
  readonly since: number;
  /** Of the metadata. */
  readonly version: number;
  /** Of what runs: below it a slot is for updating only. */
  readonly content: Version;
  /** The newest that was confirmed: installing anything older is a downgrade. Going back to a kept slot is not installing. */
  readonly newest: { readonly payload: Version; readonly runtime: Version };
}

const UNSEEN: OnlineFloor = { keys: '', version: 0 };
export const NO_FLOORS: Floors = {
  root: 0,
  timestamp: UNSEEN,
  snapshot: UNSEEN,
  targets: {
    since: 0,
    version: 0,
    content: LOWEST_VERSION,
    newest: { payload: LOWEST_VERSION, runtime: LOWEST_VERSION },
  },
};

/** What holds under this root: what was seen, unless the root has declared a floor since. */
export function targetsFloor(root: TrustedRoot, { targets }: Floors = NO_FLOORS): TargetsFloor {
  const { floor } = root;
  if (floor === undefined || floor.since <= targets.since) return targets;
  const { since, targets: version, version: content } = floor;
  return { since, version, content, newest: { payload: content, runtime: content } };
}

export function onlineFloor(
  root: TrustedRoot,
  role: 'snapshot' | 'timestamp',
  floors: Floors = NO_FLOORS,
): OnlineFloor {
  const keys = keySetId(root.roles[role]);
  return floors[role].keys === keys ? floors[role] : { keys, version: 0 };
}

/** What has been seen and verified by now. `confirmed`: what was installed and proved itself. */
export interface Seen {
  readonly timestamp?: { readonly version: number };
  readonly snapshot?: { readonly version: number };
  readonly targets?: { readonly version: number; readonly floor: Version };
  readonly confirmed?: ReleaseTarget;
}

/** The floors after it; they never fall but by a root's declaration. The root's own version never falls at all. */
export function raiseFloors(floors: Floors, root: TrustedRoot, seen: Seen = {}): Floors {
  const online = (role: 'snapshot' | 'timestamp'): OnlineFloor => {
    const { keys, version } = onlineFloor(root, role, floors);
    return { keys, version: Math.max(version, seen[role]?.version ?? 0) };
  };
  const before = targetsFloor(root, floors);
  return {
    root: Math.max(floors.root, root.version),
    timestamp: online('timestamp'),
    snapshot: online('snapshot'),
    targets: {
      since: before.since,
      version: Math.max(before.version, seen.targets?.version ?? 0),
      content: newerVersion(before.content, seen.targets?.floor ?? LOWEST_VERSION),
      newest: raiseNewest(before.newest, seen.confirmed),
    },
  };
}

function raiseNewest(
  newest: TargetsFloor['newest'],
  confirmed: ReleaseTarget | undefined,
): TargetsFloor['newest'] {
  if (confirmed === undefined || isPatch(confirmed.custom.kind)) return newest;
  const { kind, version } = confirmed.custom;
  return { ...newest, [kind]: newerVersion(newest[kind], version) };
}

/**
 * Whether a target may be installed anew; the same version again may.
 * @throws ReleaseError `below_floor` where it is older than what was confirmed here, or than the floor.
 */
export function requireNoDowngrade(target: ReleaseTarget, root: TrustedRoot, floors: Floors): void {
  const { content, newest } = targetsFloor(root, floors);
  const { kind, version } = target.custom;
  const lowest = newerVersion(content, newest[kind === 'payload' ? 'payload' : 'runtime']);
  if (compareVersions(version, lowest) < 0)
    throw new ReleaseError(
      'below_floor',
      `${target.path} is older than ${lowest}, which was reached here: only a root signs the way down`,
    );
}
