import {
  type CryptoSuite,
  decode,
  encode,
  provenReceipt,
  type SettledReceipt,
  settledReceipt,
  signedReceiptRoot,
} from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type GapSource, ReceiptProofs } from './receipt-proofs.ts';
import { ReceiptStore } from './receipt-store.ts';
import { RootStore, type SealedRoot } from './root-store.ts';

export interface ReadReceipt {
  readonly receipt: SettledReceipt;
  /** Of the hour, in which it was written. */
  readonly pass: number;
}

/** Receipts and roots as people and programs ask for them: of a hub, and of a command beside one. Reads only. */
export class ReceiptReader {
  readonly #store: ReceiptStore;
  readonly #roots: RootStore;
  readonly #proofs: ReceiptProofs;

  constructor(by: { sql: Sql; gaps: GapSource; crypto: Pick<CryptoSuite, 'hash'> }) {
    this.#store = new ReceiptStore(by.sql);
    this.#roots = new RootStore(by.sql);
    this.#proofs = new ReceiptProofs({ ...by, store: this.#store, roots: this.#roots });
  }

  /** Of one node's hour, by revision: the last holds. Empty where nothing was settled, or its time is over. */
  async of(nodeId: string, hubHour: number): Promise<ReadReceipt[]> {
    const rows = await this.#store.of(nodeId, hubHour);
    return rows.map(({ body, pass }) => ({ receipt: decode(settledReceipt, body), pass }));
  }

  /** Published roots of an hour, by pass. */
  roots(hubHour: number): Promise<SealedRoot[]> {
    return this.#roots.of(hubHour);
  }

  /** The newest published roots, below a number if one is given, the newest first. */
  newestRoots(limit: number, before?: number): Promise<SealedRoot[]> {
    return this.#roots.newest(limit, before);
  }

  /** `provenReceipt`, encoded; undefined where there is no such receipt, or its pass has no root yet. */
  async proofOf(nodeId: string, hubHour: number, revision: number): Promise<Uint8Array | undefined> {
    const row = (await this.#store.of(nodeId, hubHour)).find((one) => one.revision === revision);
    const root = row && (await this.#roots.of(hubHour)).find(({ pass }) => pass === row.pass);
    const proven = root && (await this.#proofs.prove(nodeId, { ...root, revision, body: row.body }));
    return proven && encode(provenReceipt, proven);
  }
}

/** `signedReceiptRoot`, encoded: what `verifyRoots` takes. */
export function rootPayload({ sealed: root, region, instance }: SealedRoot): Uint8Array {
  return encode(signedReceiptRoot, { root, region, instance });
}
