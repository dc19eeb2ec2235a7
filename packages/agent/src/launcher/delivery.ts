import {
  compareVersions,
  type Floors,
  isPatch,
  ReleaseError,
  type ReleaseErrorCode,
  type ReleaseTarget,
  type ReleaseTargets,
  requireNoDowngrade,
  type TrustedRoot,
  verifyTargets,
} from '@stoa/protocol/release';
import { type InstallCode, InstallError, type SlotId } from '#launcher/installer.ts';
import { LAUNCHER_VERSION } from '#launcher/layout.ts';
import { slotId } from '#launcher/selection.ts';

export const RUNTIME_PREFIX = 'runtime-';

/** What is handed over; the bytes are read once, and no more of them than the target is long. */
export interface Delivery {
  readonly roots: readonly Uint8Array[];
  readonly targets: Uint8Array;
  readonly path: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

const CODE: Partial<Record<ReleaseErrorCode, InstallCode>> = {
  rolled_back: 'install_replayed',
  below_floor: 'install_below_floor',
  expired: 'install_expired',
};

/** @throws InstallError for each ReleaseError of the check. */
export function judge<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    throw new InstallError(CODE[error.code] ?? 'install_untrusted', error.message, error);
  }
}

/** By what something is put in place: the newest root, what was seen before, the time that was proven. */
export interface Admission {
  readonly root: TrustedRoot;
  readonly floors: Floors;
  /** Ms since 1970; 0 where none was proven: then no age is judged. */
  readonly at: number;
}

/**
 * The target, if it may be put in place now. Asked when it is staged and once more when it is selected: what was staged long
 * ago may lie below a floor, or under keys, that have changed since. @throws InstallError
 */
export function admit(
  { root, floors, at }: Admission,
  metadata: Uint8Array,
  find: (targets: ReleaseTargets) => ReleaseTarget,
): { targets: ReleaseTargets; target: ReleaseTarget } {
  const targets = judge(() => verifyTargets(root, metadata, { floors, at }));
  const target = find(targets);
  judge(() => requireNoDowngrade(target, root, floors));
  return { targets, target };
}

export function idOf({ custom, sha256 }: ReleaseTarget): SlotId {
  const id = slotId(custom.version, sha256);
  return custom.kind === 'payload' ? id : `${RUNTIME_PREFIX}${id}`;
}

/** Of the slot, 'a.b.c'. */
export function versionIn(id: SlotId): string {
  return id.replace(RUNTIME_PREFIX, '').replace(/-.*$/, '');
}

/** The target to be installed. @throws InstallError */
export function requireTarget({ targets }: ReleaseTargets, path: string, platform: string): ReleaseTarget {
  const target = targets.find((one) => one.path === path);
  if (target === undefined || isPatch(target.custom.kind))
    throw new InstallError('install_no_target', `the release has nothing to be installed as ${path}`);
  const { custom } = target;
  if (custom.platform !== platform)
    throw new InstallError(
      'install_wrong_platform',
      `${path} is for ${custom.platform}, this is ${platform}`,
    );
  if (custom.kind === 'payload' && compareVersions(custom.minLauncher, LAUNCHER_VERSION) > 0)
    throw new InstallError(
      'install_needs_launcher',
      `${path} needs launcher ${custom.minLauncher}, this is ${LAUNCHER_VERSION}: a newer runtime comes first`,
    );
  return target;
}

/** Finds the target of a slot that is staged. */
export function requireSlot(
  kind: 'payload' | 'runtime',
  id: SlotId,
): (targets: ReleaseTargets) => ReleaseTarget {
  return ({ targets }) => {
    const target = targets.find((one) => one.custom.kind === kind && idOf(one) === id);
    if (target === undefined) throw noSlot(id);
    return target;
  };
}

/** Ends with an error as soon as more comes than was signed. */
export async function* bounded(
  bytes: AsyncIterable<Uint8Array>,
  target: ReleaseTarget,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > target.length) throw mismatch(target);
    yield chunk;
  }
}

export function mismatch({ path }: ReleaseTarget): InstallError {
  return new InstallError(
    'install_mismatch',
    `what came as ${path} is not what was signed: fetch it elsewhere`,
  );
}

export function noSlot(id: string): InstallError {
  return new InstallError('install_no_slot', `there is no slot ${id} here: stage it first`);
}
