import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import { dayText, MintFault, type Resumed } from '#mint/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';

/** What the sequencer takes a person's word for, wherever it leads. Each throws MintFault where it can't be, and then writes nothing. */
export interface SweepActs {
  /** What is stopped goes on from where it stands, as far as there is a way. */
  resume(tx: TransactionSql, epoch: number): Promise<Resumed>;
  /** Nothing more of the day is signed; it ends once nothing of it can be mined. */
  cancel(tx: TransactionSql, epoch: number): Promise<void>;
}

export interface SweepDeskDeps {
  readonly sql: Sql;
  readonly acts: SweepActs;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** What people decide over a sweep: by an Ancient Admin who is freshly signed in, for a reason, in one with its audit entry. */
export class SweepDesk {
  readonly #deps: SweepDeskDeps;

  constructor(deps: SweepDeskDeps) {
    this.#deps = deps;
  }

  /** @throws {HttpError} `confirm_first`; 409 where the sweep is not where this could be done. */
  async act(viewer: Viewer, by: { epoch: number; act: 'resume' | 'cancel'; reason: string }): Promise<void> {
    const { sql, acts, audit, clock } = this.#deps;
    requireFresh(viewer, clock.now());
    const { epoch, act, reason } = by;
    try {
      await sql.begin(async (tx) => {
        const resumed = await acts[act](tx, epoch);
        const detail = { reason, ...(resumed !== undefined && resumed) };
        await audit.appendIn(tx, {
          actor: viewer.email,
          act: `mint.${act}`,
          subject: dayText(epoch),
          detail,
        });
      });
    } catch (fault) {
      if (!(fault instanceof MintFault)) throw fault;
      throw new HttpError(409, fault.code, fault.message, {
        ...{
          fix: 'Load the page again: it shows where the sweep stands now.',
          retry: fault.retry,
          cause: fault,
        },
      });
    }
  }
}
