import { ProtocolError, peek } from '@stoa/protocol';
import { planApprovalKind } from '@stoa/signer/client';
import type { Sql } from '#seams/db-adapter/index.ts';

/** An approver's word, as it says of itself: the hub does not know the keys of approvers, the signer does. */
export interface Approval {
  readonly approver: string;
  /** The plan's. */
  readonly hash: string;
  /** Milliseconds since 1970, by the approver's clock and by the hub's. */
  readonly signedAt: number;
  readonly receivedAt: number;
}

/** Those of a day, in the order in which they came. What is no approval is left out: it approves nothing. */
export async function readApprovals(sql: Sql, epoch: number): Promise<Approval[]> {
  const rows = await sql<{ approval: Uint8Array; received_at: Date }[]>`
    select approval, received_at from mint_approvals where epoch = ${epoch} order by received_at, approval_id`;
  return rows.flatMap(({ approval, received_at }) => {
    try {
      const { approver, hash, at } = peek(planApprovalKind, new Uint8Array(approval));
      return [{ approver, hash, signedAt: at, receivedAt: received_at.getTime() }];
    } catch (fault) {
      if (fault instanceof ProtocolError) return [];
      throw fault;
    }
  });
}
