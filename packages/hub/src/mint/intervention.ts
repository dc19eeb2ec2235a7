import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { resumed } from './batch-state.ts';
import type { BatchStore } from './batch-store.ts';
import { dayText } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';

export interface InterventionDeps {
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly clock: Pick<Clock, 'now'>;
}

/** What a person has the sequencer do, wherever it leads: written for it in the transaction that records who said so. */
export class Intervention {
  readonly #deps: InterventionDeps;

  constructor(deps: InterventionDeps) {
    this.#deps = deps;
  }

  /**
   * What is stopped of the day goes on, and with it enrolments, which hold its chains up.
   * @returns how many transactions. @throws MintFault `not_resumable` where one can't, or none is stopped: then none does
   */
  async resume(tx: TransactionSql, epoch: number): Promise<number> {
    const { batches, clock } = this.#deps;
    const stopped = await batches.stopped(tx, epoch);
    if (stopped.length === 0)
      throw new MintFault('not_resumable', `nothing of ${dayText(epoch)} is stopped: it goes on by itself`);
    for (const batch of stopped) {
      const to = resumed(batch);
      if (to === undefined)
        throw new MintFault(
          'not_resumable',
          `${batch.kind} ${batch.part} on chain ${batch.chain} is stopped for '${batch.reason}' after attempt ${batch.attempt + 1}: there is no way on but to cancel its day`,
        );
      await batches.move(tx, batch, { to, now: clock.now() });
    }
    return stopped.length;
  }

  /** Nothing more of the day is signed or sent. @throws MintFault `not_running` */
  async cancel(tx: TransactionSql, epoch: number): Promise<void> {
    const { epochs, clock } = this.#deps;
    if (await epochs.move(tx, epoch, { from: 'running', to: 'cancelling', now: clock.now() })) return;
    throw new MintFault('not_running', `${dayText(epoch)} is not running: it ended, or is given up already`);
  }
}
