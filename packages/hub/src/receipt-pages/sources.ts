import type { SettledReceipt } from '@stoa/protocol';
import type { SealedRoot } from './published-root.ts';

/** Receipts and their roots: `receipts/` has them. */
export interface ReceiptSource {
  /** Of one node's hour, by revision: the last holds. */
  of(
    nodeId: string,
    hubHour: number,
  ): Promise<readonly { readonly receipt: SettledReceipt; readonly pass: number }[]>;
  /** Of one revision, `provenReceipt` encoded; undefined where its pass has no root yet. */
  proofOf(nodeId: string, hubHour: number, revision: number): Promise<Uint8Array | undefined>;
  /** Of all passes over an hour, ascending. */
  roots(hubHour: number): Promise<readonly SealedRoot[]>;
  /** The newest first, at most `limit` of those before one of that number. */
  newestRoots(limit: number, before?: number): Promise<readonly SealedRoot[]>;
}
