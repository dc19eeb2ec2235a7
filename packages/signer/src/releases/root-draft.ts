import {
  buildRoot,
  formatUnsigned,
  type KeySet,
  type RoleKey,
  type RoleName,
  type RootFloor,
  roleKey,
  type TrustedRoot,
} from '@stoa/protocol/release';
import { SignerError } from '#error.ts';

const HOLDERS = 3;
const THRESHOLD = 2;

export interface NamedKey {
  readonly holder: string;
  readonly publicKey: Uint8Array;
}

/** Public keys of the hub that publishes; undefined before there is one. */
export interface OnlineKeys {
  readonly snapshot?: Uint8Array;
  readonly timestamp?: Uint8Array;
}

export interface FirstRoot {
  /** Three for each role; a person may hold one of each. */
  readonly root: readonly NamedKey[];
  readonly targets: readonly NamedKey[];
  readonly online: OnlineKeys;
  readonly expiresAt: number;
  readonly development: boolean;
}

/** The draft's file. @throws SignerError `bad_argument`; ReleaseError `bad_root`. */
export function draftFirstRoot({ root, targets, online, expiresAt, development }: FirstRoot): Uint8Array {
  const roles = {
    root: offline('root', root),
    targets: offline('targets', targets),
    snapshot: onlineSet(online.snapshot),
    timestamp: onlineSet(online.timestamp),
  };
  requireApart(roles);
  return formatUnsigned(buildRoot({ version: 1, expiresAt, roles, floor: undefined, development }));
}

/** One holder's key goes, another comes; the name may stay. */
export interface Replacement {
  readonly role: 'root' | 'targets';
  readonly leaves: string;
  readonly comes: NamedKey;
}

export interface Rotation {
  readonly replacements: readonly Replacement[];
  readonly online: OnlineKeys;
  /** Opens a way down, or back from what thieves signed. */
  readonly floor: Pick<RootFloor, 'version' | 'targets'> | undefined;
  readonly expiresAt: number;
}

/** The next root's draft; without a change it renews. @throws SignerError `bad_argument`; ReleaseError `bad_root`. */
export function draftNextRoot(
  root: TrustedRoot,
  { replacements, online, floor, expiresAt }: Rotation,
): Uint8Array {
  const version = root.version + 1;
  const roles = {
    root: replaced(root, 'root', replacements),
    targets: replaced(root, 'targets', replacements),
    snapshot: online.snapshot === undefined ? root.roles.snapshot : onlineSet(online.snapshot),
    timestamp: online.timestamp === undefined ? root.roles.timestamp : onlineSet(online.timestamp),
  };
  requireApart(roles);
  return formatUnsigned(
    buildRoot({
      version,
      expiresAt,
      roles,
      floor: floor === undefined ? root.floor : { ...floor, since: version },
      development: root.development,
    }),
  );
}

function offline(role: string, holders: readonly NamedKey[]): KeySet {
  if (holders.length !== HOLDERS)
    throw new SignerError(
      'bad_argument',
      `the role ${role} has ${holders.length} holders (expected ${HOLDERS}, of whom ${THRESHOLD} sign)`,
    );
  const keys = holders.map(({ holder, publicKey }) => roleKey(holder, publicKey));
  requireDistinct(role, keys);
  return { keys, threshold: THRESHOLD };
}

function replaced(root: TrustedRoot, role: 'root' | 'targets', replacements: readonly Replacement[]): KeySet {
  const { keys, threshold } = root.roles[role];
  const next = [...keys];
  for (const { leaves, comes } of replacements.filter((one) => one.role === role)) {
    const at = next.findIndex(({ holder }) => holder === leaves);
    if (at < 0)
      throw new SignerError(
        'bad_argument',
        `'${leaves}' holds no key of the role ${role}: it is held by ${keys.map(({ holder }) => holder).join(', ')}`,
      );
    next[at] = roleKey(comes.holder, comes.publicKey);
  }
  requireDistinct(role, next);
  return { keys: next, threshold };
}

function onlineSet(publicKey: Uint8Array | undefined): KeySet {
  return { keys: publicKey === undefined ? [] : [roleKey('hub', publicKey)], threshold: 1 };
}

function requireDistinct(role: string, keys: readonly RoleKey[]): void {
  for (const traitOf of [({ id }: RoleKey) => id, ({ holder }: RoleKey) => holder]) {
    const doubled = keys.find((key, i) => keys.findIndex((other) => traitOf(other) === traitOf(key)) !== i);
    if (doubled !== undefined)
      throw new SignerError(
        'bad_argument',
        `the role ${role} would have ${doubled.holder} twice: a threshold counts people`,
      );
  }
}

/** A key of two roles would let the thief of one act in the other: the hub's in an offline one least of all. */
function requireApart(roles: Readonly<Record<RoleName, KeySet>>): void {
  const holders = new Map<string, string>();
  for (const [role, set] of Object.entries(roles)) {
    const group = role === 'snapshot' || role === 'timestamp' ? 'the hub' : role;
    for (const { id, holder } of set.keys) {
      const other = holders.get(id);
      if (other !== undefined && other !== group)
        throw new SignerError(
          'bad_argument',
          `the key of ${holder} would stand for ${other} and for ${group}: make one for each`,
        );
      holders.set(id, group);
    }
  }
}
