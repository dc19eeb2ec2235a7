import type { NodeSession } from './node-session.ts';

/** What sending receipts needs of a session. */
export type ReceiptSession = Pick<NodeSession, 'send'> & {
  readonly node: Pick<NodeSession['node'], 'nodeId'>;
};

/**
 * Who has the settled receipts of nodes: `receipts/`. They go out by `session.send('settledReceipt', …)`; the promise resolves
 * when all that were due have.
 */
export interface ReceiptFrames {
  /** @param after number of the newest root whose receipt the node keeps; 0: none. */
  wanted(session: ReceiptSession, after: number): Promise<void>;
}
