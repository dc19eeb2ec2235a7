import { verifyRoots } from '@stoa/protocol/release';
import { createDisk } from '#atomic-file.ts';
import type { Assets } from '#launcher/assets.ts';
import { evaluate } from '#launcher/evaluation.ts';
import { LAUNCHER_VERSION, layoutOf } from '#launcher/layout.ts';
import { NO_SELECTION, readSelection } from '#launcher/selection.ts';
import { readSlot } from '#launcher/slot.ts';
import { readTrust } from '#launcher/trust.ts';

export interface SelfTest {
  readonly launcher: string;
  readonly node: string;
  readonly platform: string;
  readonly factory: string;
  readonly root: number;
  /** Of the slot that this program would start in that installation. */
  readonly slot: string;
}

/**
 * What a program shows before it takes another's place: that it runs here at all, that what it carries is whole, and that it
 * can start what is selected in the installation that it is meant for.
 * @throws whatever does not hold.
 */
export async function selfTest(assets: Assets, prefix: string | undefined): Promise<SelfTest> {
  const { version: factory } = evaluate(assets.factory, 'stoa-agent:factory');
  const { version: root } = verifyRoots(assets.root);
  const platform = `${process.platform}-${process.arch}`;
  const tested = { launcher: LAUNCHER_VERSION, node: process.versions.node, platform, factory, root };
  if (prefix === undefined) return { ...tested, slot: 'factory' };
  const [disk, layout] = [createDisk(), layoutOf(prefix)];
  const [first] = ((await readSelection(disk, layout.selection)) ?? NO_SELECTION).slots;
  if (first === undefined) return { ...tested, slot: 'factory' };
  const { root: trusted } = await readTrust(disk, layout, assets.root);
  await readSlot({ disk, layout, root: trusted, platform }, first);
  return { ...tested, slot: first.id };
}
