import { type Metadata, Root } from '@tufjs/models';
import { Role } from '@tufjs/models/dist/role.js';
import { ReleaseError } from './error.ts';
import { fromTufKey, type RoleKey, sha256Hex, toTufKey } from './key.ts';
import {
  formatExpiry,
  MAX_METADATA_VERSION,
  parseMetadata,
  ROLE_NAMES,
  type RoleName,
  requireFresh,
  requireSignatures,
  signedBytes,
} from './metadata.ts';
import { requireVersion, type Version } from './version.ts';

/** What one person may not do alone: a root that says otherwise is refused, whoever signed it. */
const OFFLINE_THRESHOLD = 2;

export interface KeySet {
  readonly keys: readonly RoleKey[];
  readonly threshold: number;
}

/**
 * The way down, and the way back from stolen targets keys: from this root on, targets metadata below `targets` is refused
 * and `version` is the floor of content, whatever a node has seen before. Later roots carry it on unchanged.
 */
export interface RootFloor {
  readonly version: Version;
  readonly targets: number;
  /** The root that declared it: a node obeys each declaration once. */
  readonly since: number;
}

/** What a root says. */
export interface RootContent {
  readonly version: number;
  /** Ms since 1970. */
  readonly expiresAt: number;
  /** Root and targets: people, at least 2 of them. Snapshot and timestamp: the hub's; none before there is a hub. */
  readonly roles: Readonly<Record<RoleName, KeySet>>;
  readonly floor: RootFloor | undefined;
  /** Made without a ceremony: no chain leads from such a root to a real one, nor back. */
  readonly development: boolean;
}

export interface TrustedRoot extends RootContent {
  /** Of the signed part, in hex. */
  readonly sha256: string;
  /** Those it followed, oldest first, from the one that was trusted to begin with. */
  readonly earlier: readonly TrustedRoot[];
}

/** The part to be signed. @throws ReleaseError `bad_root` for what no verifier would take. */
export function buildRoot(content: RootContent): Root {
  const keys = ROLE_NAMES.flatMap((name) => content.roles[name].keys);
  const root = new Root({
    version: content.version,
    specVersion: '1.0.31',
    expires: formatExpiry(content.expiresAt),
    keys: Object.fromEntries(keys.map((key) => [key.id, toTufKey(key)])),
    roles: Object.fromEntries(
      ROLE_NAMES.map((name) => {
        const { keys: own, threshold } = content.roles[name];
        return [name, new Role({ keyIDs: own.map(({ id }) => id), threshold })];
      }),
    ),
    consistentSnapshot: true,
    unrecognizedFields: {
      ...(content.floor === undefined ? {} : { floor: { ...content.floor } }),
      ...(content.development ? { development: true } : {}),
    },
  });
  readRoot(root);
  return root;
}

/** The draft or file of a root, its signatures not judged. @throws ReleaseError `malformed`, `bad_root`. */
export function peekRoot(bytes: Uint8Array): RootContent & { sha256: string } {
  return readRoot(parseMetadata('root', bytes).signed);
}

function readRoot(root: Root, message: Uint8Array = signedBytes(root)): RootContent & { sha256: string } {
  if (!root.consistentSnapshot) throw new ReleaseError('bad_root', 'a root here has consistent snapshots');
  const names = Object.keys(root.roles).sort().join();
  if (names !== [...ROLE_NAMES].sort().join())
    throw new ReleaseError('bad_root', `the root has the roles ${names} (expected ${ROLE_NAMES.join()})`);
  const roles = Object.fromEntries(ROLE_NAMES.map((name) => [name, readKeySet(root, name)]));
  const { floor, development = false } = root.unrecognizedFields;
  if (typeof development !== 'boolean')
    throw new ReleaseError('bad_root', '`development` of the root is neither true nor false');
  return {
    version: root.version,
    expiresAt: Date.parse(root.expires),
    roles: roles as Record<RoleName, KeySet>,
    floor: floor === undefined ? undefined : readFloor(floor, root.version),
    development,
    sha256: sha256Hex(message),
  };
}

function readKeySet(root: Root, name: RoleName): KeySet {
  const { keyIDs, threshold } = root.roles[name]!;
  const keys = keyIDs.map((id) => {
    const key = Object.hasOwn(root.keys, id) ? root.keys[id] : undefined;
    if (key === undefined)
      throw new ReleaseError('bad_root', `the root names a key ${id} that it does not hold`);
    return fromTufKey(key);
  });
  const offline = name === 'root' || name === 'targets';
  const lowest = offline ? OFFLINE_THRESHOLD : 1;
  // An online role without keys is one that nobody can sign yet.
  const highest = offline ? keys.length : Math.max(1, keys.length);
  if (!Number.isInteger(threshold) || threshold < lowest || threshold > highest)
    throw new ReleaseError(
      'bad_root',
      `the role ${name} takes ${threshold} of ${keys.length} keys (expected at least ${lowest}, and no more than there are)`,
    );
  return { keys, threshold };
}

function readFloor(value: unknown, rootVersion: number): RootFloor {
  const { version, targets, since } = { ...(value as Partial<Record<keyof RootFloor, unknown>>) };
  const counts = (count: unknown, most: number): count is number =>
    Number.isSafeInteger(count) && (count as number) >= 1 && (count as number) <= most;
  if (!counts(targets, MAX_METADATA_VERSION) || !counts(since, rootVersion))
    throw new ReleaseError(
      'bad_root',
      'the floor of the root needs the first targets version it takes, and since which root it holds',
    );
  return { version: requireVersion(version, 'the floor of the root'), targets, since };
}

/**
 * The newest root that the trusted one leads to: each next one signed by the thresholds of the one before it and of
 * itself (TUF 5.3.4). Older ones in the chain are passed over. Expiry is judged of the last one only, and only with `at`
 * (5.3.10): an offline node must start, and one that was away through many rotations must come back (F17, F20).
 * @param trusted what the binary was built with, or the oldest root that is kept: the anchor is trusted as it stands
 * @throws ReleaseError `malformed`, `too_large`, `not_signed`, `bad_root`, `expired`.
 */
export function verifyRoots(
  trusted: Uint8Array,
  chain: readonly Uint8Array[] = [],
  judged: { at?: number } = {},
): TrustedRoot {
  let metadata = parseMetadata('root', trusted);
  let current: TrustedRoot = { ...readRoot(metadata.signed), earlier: [] };
  requireSignatures(metadata, { name: 'root', ...current.roles.root });
  for (const bytes of chain) {
    const next = parseMetadata('root', bytes);
    if (next.signed.version <= current.version) continue;
    current = follow(current, next);
    metadata = next;
  }
  requireFresh('root', metadata.signed, judged.at);
  return current;
}

function follow(current: TrustedRoot, next: Metadata<Root>): TrustedRoot {
  const message = signedBytes(next.signed);
  const content = readRoot(next.signed, message);
  if (content.version !== current.version + 1)
    throw new ReleaseError(
      'bad_root',
      `root ${content.version} does not follow ${current.version}: the roots between are missing`,
    );
  requireSignatures(next, { name: 'root', ...current.roles.root }, message);
  requireSignatures(next, { name: 'root', ...content.roles.root }, message);
  const holders = [...current.roles.root.keys, ...content.roles.root.keys].map(({ id }) => id);
  const stranger = Object.keys(next.signatures).find((id) => !holders.includes(id));
  if (stranger !== undefined)
    throw new ReleaseError(
      'bad_root',
      `root ${content.version} bears a signature of ${stranger}, who holds no root`,
    );
  if (content.development !== current.development)
    throw new ReleaseError(
      'bad_root',
      `root ${content.version} leads from development keys to real ones, or back`,
    );
  if (content.floor?.since !== content.version && !sameFloor(content.floor, current.floor))
    throw new ReleaseError(
      'bad_root',
      `root ${content.version} changes the floor without declaring a new one`,
    );
  const { earlier, ...before } = current;
  return { ...content, earlier: [...earlier, { ...before, earlier }] };
}

function sameFloor(a: RootFloor | undefined, b: RootFloor | undefined): boolean {
  return a?.version === b?.version && a?.targets === b?.targets && a?.since === b?.since;
}

/** Names a set of keys: floors of the online roles hold for one set and begin anew with the next. */
export function keySetId({ keys, threshold }: KeySet): string {
  return sha256Hex([threshold, ...keys.map(({ id }) => id).sort()].join());
}
