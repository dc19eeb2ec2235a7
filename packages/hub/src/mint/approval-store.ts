import { createHash } from 'node:crypto';
import { ProtocolError, peek } from '@stoa/protocol';
import { type PlanApproval, planApprovalKind } from '@stoa/signer/client';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { dayText } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';

/** A request to the signer is bounded, and so many people approve no plan. */
const MOST_PRESENTED = 16;

/** Words of approvers on the plans of days. Whether they are any good is the signer's to say. */
export class ApprovalStore {
  readonly #sql: Sql;
  readonly #epochs: EpochStore;

  constructor({ sql, epochs }: { sql: Sql; epochs: EpochStore }) {
    this.#sql = sql;
    this.#epochs = epochs;
  }

  /**
   * Of a day that is cut, all or none; of each approver the last one that came.
   * @throws MintFault `no_epoch`, or `wrong_approval` where one says of itself that it is of another plan
   */
  async add(epoch: number, approvals: readonly Uint8Array[], now: number): Promise<void> {
    const { planHash } = await this.#epochs.get(epoch);
    const named = approvals.map((approval) => ({
      approval,
      approver: requireOf({ epoch, planHash }, approval),
    }));
    await this.#sql.begin(async (tx) => {
      // Two that come at once would both stay.
      await tx`lock table mint_approvals in share row exclusive mode`;
      for (const one of named) await replace(tx, { epoch, now, ...one });
    });
  }

  /** Those that came last, the newest first. */
  async of(epoch: number): Promise<Uint8Array[]> {
    const rows = await this.#sql<{ approval: Uint8Array }[]>`
      select approval from mint_approvals where epoch = ${epoch}
      order by received_at desc, approval_id limit ${MOST_PRESENTED}`;
    return rows.map(({ approval }) => new Uint8Array(approval));
  }
}

async function replace(
  tx: TransactionSql,
  by: { epoch: number; approval: Uint8Array; approver: string; now: number },
): Promise<void> {
  const { epoch, approval, approver, now } = by;
  const kept = await tx<{ id: string; approval: Uint8Array }[]>`
    select approval_id as id, approval from mint_approvals where epoch = ${epoch}`;
  const before = kept.filter((one) => peeked(new Uint8Array(one.approval))?.approver === approver);
  await tx`delete from mint_approvals where epoch = ${epoch} and approval_id = any(${before.map(({ id }) => id)})`;
  const id = createHash('sha256').update(approval).digest('hex');
  await tx`insert into mint_approvals (epoch, approval_id, approval, received_at)
    values (${epoch}, ${id}, ${Buffer.from(approval)}, ${new Date(now)})`;
}

/** @returns whose it says it is: the hub doesn't know the keys of approvers. */
function requireOf({ epoch, planHash }: { epoch: number; planHash: string }, approval: Uint8Array): string {
  const body = peeked(approval);
  if (body?.epoch === epoch && body.hash === planHash) return body.approver;
  const found = body && `of ${body.approver} is of ${dayText(body.epoch)}, plan ${body.hash}`;
  throw new MintFault(
    'wrong_approval',
    `an approval ${found ?? 'does not open'}: ${dayText(epoch)}, plan ${planHash} is expected. Approve that plan, and bring it again`,
  );
}

function peeked(approval: Uint8Array): PlanApproval | undefined {
  try {
    return peek(planApprovalKind, approval);
  } catch (fault) {
    if (fault instanceof ProtocolError) return undefined;
    throw fault;
  }
}
