import { compareVersions } from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import { AgentError } from '#error.ts';
import { JsonDamagedError } from '#launcher/json-file.ts';
import type { Layout } from '#launcher/layout.ts';
import { NO_SELECTION, readSelection, type Selection, writeSelection } from '#launcher/selection.ts';

/** Code `below_floor`. */
export class FactoryBelowFloorError extends AgentError<'below_floor'> {
  override readonly name = 'FactoryBelowFloorError';

  constructor(version: string, floor: string) {
    super(
      'below_floor',
      `${version} is older than ${floor}, the lowest version that those who sign releases still allow: install a newer one`,
      { retry: false },
    );
  }
}

/**
 * A person installs this very program: what it carries runs from the next start on, and what its own updates brought, tried or
 * rejected here before counts no more. What was seen of roots and floors stays.
 * @param version of the factory's payload
 * @returns the selection that is then written by `write`.
 * @throws FactoryBelowFloorError where it would do nothing but update; DiskError
 */
export async function takeOver(
  by: { disk: Disk; layout: Layout },
  version: string,
): Promise<{ write(): Promise<void> }> {
  const { disk, layout } = by;
  const selection = await current(by);
  const { content } = selection.floor;
  if (compareVersions(version, content) < 0) throw new FactoryBelowFloorError(version, content);
  return {
    async write() {
      const { selections } = selection;
      const next = { ...selection, slots: [], rejected: [], selections: selections + 1, inForce: content };
      await writeSelection(disk, layout.selection, next);
      await disk.remove(layout.slots);
      await disk.remove(layout.runtimes);
    },
  };
}

async function current({ disk, layout }: { disk: Disk; layout: Layout }): Promise<Selection> {
  try {
    return (await readSelection(disk, layout.selection)) ?? NO_SELECTION;
  } catch (error) {
    if (error instanceof JsonDamagedError) return NO_SELECTION;
    throw error;
  }
}
