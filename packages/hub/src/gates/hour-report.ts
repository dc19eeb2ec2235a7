import type { CryptoSuite } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { HourStore } from './hour-store.ts';
import { type HourFault, RootCheck } from './root-check.ts';
import { RootStore } from './root-store.ts';
import { WordStore } from './word-store.ts';

/** How one instance's words of an hour stand against what it signed. */
export interface InstanceHour {
  readonly instanceId: string;
  /** Of a node and session, as they stand. */
  readonly words: number;
  /** Undefined: as it signed them. */
  readonly fault: HourFault | undefined;
}

export interface HourReportDeps {
  readonly sql: Sql;
  readonly region: string;
  /** Public key of the region's root. */
  readonly root: Uint8Array;
  readonly crypto: CryptoSuite;
}

/** Every instance that wrote or signed something of an hour; needs no key and no running hub. */
export async function hourReport(deps: HourReportDeps, hubHour: number): Promise<InstanceHour[]> {
  const { sql, root, crypto, region } = deps;
  const roots = new RootStore(sql);
  const words = new WordStore(sql, '');
  const check = new RootCheck({ roots, words, region, root: () => root, crypto });
  const [wrote, signed] = await Promise.all([new HourStore(deps).instances(hubHour), roots.signers(hubHour)]);
  const found: InstanceHour[] = [];
  for (const instanceId of [...new Set([...wrote, ...signed])].sort()) {
    const fault = await check.verify(instanceId, hubHour);
    found.push({ instanceId, words: (await check.rootOf(instanceId, hubHour)).words, fault });
  }
  return found;
}
