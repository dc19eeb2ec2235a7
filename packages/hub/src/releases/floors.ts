import {
  type Floors,
  NO_FLOORS,
  ReleaseError,
  type ReleaseTargets,
  raiseFloors,
  type TrustedRoot,
  verifyInstalled,
  verifyTargets,
  versionByKeys,
} from '@stoa/protocol/release';
import type { ReleaseTree } from './tree.ts';

/**
 * What nodes of this region may have seen, by the files that lie here: for where what is in force can't say it. Only what
 * the present keys signed counts; a thief numbers as high as they like.
 */
export async function floorsBy(
  tree: ReleaseTree,
  root: TrustedRoot,
  timestamp: Uint8Array | undefined,
): Promise<Floors> {
  const seen = timestamp && versionByKeys(root, 'timestamp', timestamp);
  const snapshot = await highestSnapshot(tree, root);
  const { targets, spoilt } = await newestTargets(tree, root);
  const floors = raiseFloors(NO_FLOORS, root, {
    ...(seen !== undefined && { timestamp: { version: seen } }),
    ...(snapshot !== undefined && { snapshot: { version: snapshot } }),
    ...(targets !== undefined && { targets }),
  });
  return { ...floors, targets: { ...floors.targets, version: Math.max(floors.targets.version, spoilt) } };
}

/** Of those that the present keys signed. */
export async function highestSnapshot(tree: ReleaseTree, root: TrustedRoot): Promise<number | undefined> {
  for (const version of (await tree.versions('snapshot')).toReversed()) {
    const bytes = await tree.read('snapshot', version);
    const found = bytes && versionByKeys(root, 'snapshot', bytes);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether that was ever signed, by keys of this root or of one before it; otherwise the disk or somebody has changed it. */
export function isSigned(root: TrustedRoot, role: 'targets' | 'snapshot', bytes: Uint8Array): boolean {
  if (role === 'targets') return holds(() => verifyInstalled(root, bytes)) !== undefined;
  return [root, ...root.earlier].some((each) => versionByKeys(each, role, bytes) !== undefined);
}

/** `spoilt`: the highest version above it of which only the name is left; 0: none. */
async function newestTargets(
  tree: ReleaseTree,
  root: TrustedRoot,
): Promise<{ targets: ReleaseTargets | undefined; spoilt: number }> {
  let spoilt = 0;
  for (const version of (await tree.versions('targets')).toReversed()) {
    const bytes = (await tree.read('targets', version)) ?? new Uint8Array();
    const targets = holds(() => verifyTargets(root, bytes));
    if (targets !== undefined) return { targets, spoilt };
    if (!isSigned(root, 'targets', bytes)) spoilt = Math.max(spoilt, version);
  }
  return { targets: undefined, spoilt };
}

function holds<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}
