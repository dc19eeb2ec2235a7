import type { CarriedOrder } from '@stoa/protocol';
import type { Viewer } from '../viewer.ts';

export interface SubmittedOrder {
  readonly kind: string;
  /** Canonical text. */
  readonly params: string;
  /** All nodes of the batch, ascending. */
  readonly nodeIds: readonly string[];
  readonly maxAttempts: number;
  /** `orderKind`, sealed. */
  readonly sealed: Uint8Array;
}

/** What jobs need of signed orders; `orders/` is behind it. */
export interface OrderSource {
  /** E-mail of whose order it says it is, before anything is verified. @throws {HttpError} `bad_order`. */
  signerOf(sealed: Uint8Array): string;
  /**
   * Whether this order orders exactly this, is in force, unused, and signed by whom it may be. Returns its id, 32 hex.
   * @throws {HttpError} `bad_order`, with what is wrong.
   */
  verify(viewer: Viewer, submitted: SubmittedOrder): Promise<{ readonly orderId: string }>;
  /** The batch's order as it travels with the job of each of these nodes. */
  carried(
    batch: { readonly batchId: string; readonly sealed: Uint8Array },
    nodeIds: readonly string[],
  ): Promise<ReadonlyMap<string, CarriedOrder>>;
}
