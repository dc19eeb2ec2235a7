import {
  buildRoot,
  formatUnsigned,
  type KeySet,
  type RootFloor,
  roleKey,
  type TrustedRoot,
} from '@stoa/protocol/release';
import { SignerError } from '#error.ts';
import { doubledIn, notSeparate } from '#releases/separation.ts';

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
  refuseIf(notSeparate(roles));
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
  refuseIf(notSeparate(roles));
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
  refuseIf(doubledIn(role, keys));
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
  return { keys: next, threshold };
}

function onlineSet(publicKey: Uint8Array | undefined): KeySet {
  return { keys: publicKey === undefined ? [] : [roleKey('hub', publicKey)], threshold: 1 };
}

function refuseIf(finding: string | undefined): void {
  if (finding !== undefined) throw new SignerError('bad_argument', finding);
}
