import { type CryptoSuite, type HubParty, type Random, toHex } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { ReceiptFrames } from '../gateway/index.ts';
import { LedTask } from '../leases/index.ts';
import type { SettledSink } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { ReceiptDelivery } from './delivery.ts';
import { type GapSource, ReceiptProofs } from './receipt-proofs.ts';
import { ReceiptStore } from './receipt-store.ts';
import { type DialBackSource, ReceiptWriter } from './receipt-writer.ts';
import { RootStore } from './root-store.ts';
import { ReceiptSealer } from './sealer.ts';

export type { GapSource } from './receipt-proofs.ts';
export { type ReadReceipt, ReceiptReader, rootPayload } from './receipt-reader.ts';
export type { DialBackSource } from './receipt-writer.ts';
export type { SealedRoot } from './root-store.ts';

const HOUR_MS = 3_600_000;
/** Bodies are kept so long; roots for ever, and a node its own. */
export const BODY_DAYS = 35;

export interface ReceiptsDeps {
  readonly sql: Sql;
  readonly instanceId: string;
  readonly region: string;
  readonly party: () => HubParty;
  readonly dialBacks: DialBackSource;
  readonly gaps: GapSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
  readonly log: Pick<Log, 'info' | 'error'>;
}

export interface Receipts {
  /** For the ledger. */
  readonly sink: SettledSink;
  /** For the gateway. */
  readonly frames: ReceiptFrames;
  readonly tasks: readonly Task[];
  /** Lets another process go on with it. */
  release(): Promise<void>;
}

/** What hours were paid, and why: written with the ledger, sealed by an instance, and told to the nodes. */
export function createReceipts(deps: ReceiptsDeps): Receipts {
  const { sql, clock } = deps;
  const store = new ReceiptStore(sql);
  const roots = new RootStore(sql);
  const proofs = new ReceiptProofs({ ...deps, store, roots });
  const holder = `${deps.instanceId} ${toHex(deps.random(6))}`;
  const tasks = [
    new ReceiptSealer({ ...deps, roots, store }),
    {
      name: 'receipt-keeper',
      periodMs: HOUR_MS,
      tick: async () => {
        const hubHour = Math.floor(clock.now() / HOUR_MS) - BODY_DAYS * 24;
        await store.forgetBefore(hubHour);
        await roots.forgetTopsBefore(hubHour);
      },
    },
  ].map((task) => new LedTask(task, { sql, clock, holder }));
  return {
    sink: new ReceiptWriter({ store, dialBacks: deps.dialBacks, log: deps.log }),
    frames: new ReceiptDelivery({ roots, proofs, clock, bodyHours: BODY_DAYS * 24 }),
    tasks,
    release: async () => {
      await Promise.all(tasks.map((task) => task.release()));
    },
  };
}
