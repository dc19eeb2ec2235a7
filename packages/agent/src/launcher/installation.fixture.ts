/** An installation in a directory of its own, with people who sign for it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeReleaseParties, makeTarget, type ReleaseParties } from '@stoa/protocol/fixtures';
import type { ReleaseContent, TargetCustom } from '@stoa/protocol/release';
import { onTestFinished } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import type { Delivery } from '#launcher/delivery.ts';
import { type Layout, layoutOf } from '#launcher/layout.ts';
import { SlotStore, type SlotStoreDeps } from '#launcher/slot-store.ts';

export const PLATFORM = `${process.platform}-${process.arch}` as 'linux-x64';

export interface Installation {
  readonly layout: Layout;
  readonly parties: ReleaseParties;
  readonly root: Uint8Array;
  /** A store as a process of the program that lies there now would open it. */
  store(changes?: Partial<SlotStoreDeps>): SlotStore;
  /** A release of one target with these bytes. */
  delivery(version: string, changes?: DeliveryChanges): Delivery;
}

export interface DeliveryChanges {
  readonly bytes?: Uint8Array;
  /** What comes instead of what was signed. */
  readonly sent?: Uint8Array;
  readonly custom?: Partial<TargetCustom>;
  readonly release?: Partial<ReleaseContent>;
  readonly roots?: readonly Uint8Array[];
  readonly targets?: Uint8Array;
  readonly path?: string;
}

export function makeInstallation(parties: ReleaseParties = makeReleaseParties('installation')): Installation {
  const prefix = mkdtempSync(join(tmpdir(), 'stoa-prefix-'));
  onTestFinished(() => rmSync(prefix, { recursive: true, force: true }));
  const layout = layoutOf(prefix);
  const root = parties.root();
  mkdirSync(prefix, { recursive: true });
  writeFileSync(layout.program, 'the program');
  chmodSync(layout.program, 0o755);
  return {
    layout,
    parties,
    root,
    store: (changes) =>
      new SlotStore({
        disk: createDisk({ directoryMode: 0o755 }),
        layout,
        embeddedRoot: root,
        programInode: statSync(layout.program).ino,
        platform: PLATFORM,
        selfTest: () => Promise.resolve(),
        ...changes,
      }),
    delivery(version, changes = {}) {
      const bytes = changes.bytes ?? Buffer.from(`payload ${version}`);
      const target = makeTarget(PLATFORM, version, { bytes, custom: changes.custom ?? {} });
      const content = { release: version, targets: [target], ...changes.release };
      return {
        roots: changes.roots ?? [],
        targets: changes.targets ?? parties.targets(content),
        path: changes.path ?? target.path,
        bytes: inParts(changes.sent ?? bytes),
      };
    },
  };
}

async function* inParts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 5_000) yield bytes.subarray(at, at + 5_000);
}
