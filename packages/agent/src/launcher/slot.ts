import { createHash } from 'node:crypto';
import {
  compareVersions,
  METADATA_BYTES,
  type ReleaseTarget,
  TARGET_BYTES,
  type TrustedRoot,
  verifyInstalled,
} from '@stoa/protocol/release';
import { type Disk, FileMissingError } from '#disk.ts';
import { AgentError } from '#error.ts';
import type { InstalledSlot } from '#launcher/installer.ts';
import { LAUNCHER_VERSION, type Layout, slotFiles } from '#launcher/layout.ts';

/** Code `slot_damaged`: what lies in a slot is not what was signed, or not for this launcher. */
export class SlotDamagedError extends AgentError<'slot_damaged'> {
  override readonly name = 'SlotDamagedError';

  constructor(id: string, why: string, cause?: unknown) {
    super('slot_damaged', `the slot ${id} can't be started: ${why}; it has to be staged again`, {
      retry: false,
      cause,
    });
  }
}

export interface VerifiedSlot {
  /** The bytes that were verified: nothing is read a second time. */
  readonly payload: Uint8Array;
  readonly target: ReleaseTarget;
  readonly targetsVersion: number;
}

/**
 * A slot as it may start, offline: signatures by a root of the chain, platform, launcher, and the hash of the payload. No
 * age is judged: an expired release stops updates and nothing else (F17), and no clock has a say.
 * @param platform 'linux-x64'
 * @throws SlotDamagedError
 */
export async function readSlot(
  by: { disk: Disk; layout: Layout; root: TrustedRoot; platform: string },
  { id, sha256 }: InstalledSlot,
): Promise<VerifiedSlot> {
  const { disk, layout, root, platform } = by;
  const files = slotFiles(layout, id);
  try {
    const targets = verifyInstalled(root, await readOwn(disk, files.targets, METADATA_BYTES.targets));
    const named = targets.targets.filter((one) => one.sha256 === sha256 && one.custom.kind === 'payload');
    // One payload may serve several platforms.
    const target = named.find(({ custom }) => custom.platform === platform) ?? named[0];
    if (target === undefined) throw new SlotDamagedError(id, 'its metadata does not name its payload');
    requireRunnable(target, platform, id);
    const payload = await readOwn(disk, files.payload, TARGET_BYTES.payload);
    if (sha256Of(payload) !== sha256) throw new SlotDamagedError(id, 'its payload has another hash');
    return { payload, target, targetsVersion: targets.version };
  } catch (error) {
    if (error instanceof SlotDamagedError) throw error;
    throw new SlotDamagedError(id, error instanceof Error ? error.message : String(error), error);
  }
}

function requireRunnable({ custom }: ReleaseTarget, platform: string, id: string): void {
  if (custom.platform !== platform)
    throw new SlotDamagedError(id, `it is for ${custom.platform}, this is ${platform}`);
  if (compareVersions(custom.minLauncher, LAUNCHER_VERSION) > 0)
    throw new SlotDamagedError(id, `it needs launcher ${custom.minLauncher}, this is ${LAUNCHER_VERSION}`);
}

/** A regular file, and not through a link. */
async function readOwn(disk: Disk, path: string, most: number): Promise<Uint8Array> {
  const stat = await disk.stat(path);
  if (stat === undefined) throw new FileMissingError('read', path);
  if (stat.kind !== 'file' || stat.bytes > most)
    throw new RangeError(`${path} is no file of at most ${most} bytes`);
  return disk.readFile(path);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
