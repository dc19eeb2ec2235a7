import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { resumed } from './batch-state.ts';
import type { Batch, BatchStore } from './batch-store.ts';
import { dayText } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import { MintFault } from './error.ts';

export interface InterventionDeps {
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly clock: Pick<Clock, 'now'>;
}

/** How many transactions go on, and how many are left stopped. */
export interface Resumed {
  readonly transactions: number;
  readonly left: number;
}

/** What a person has the sequencer do, wherever it leads: written for it in the transaction that records who said so. */
export class Intervention {
  readonly #deps: InterventionDeps;

  constructor(deps: InterventionDeps) {
    this.#deps = deps;
  }

  /**
   * What is stopped of the day goes on, and with it enrolments, which hold its chains up; what has no way on stays as it is.
   * @throws MintFault `not_resumable` where nothing goes on by it
   */
  async resume(tx: TransactionSql, epoch: number): Promise<Resumed> {
    const { batches, clock } = this.#deps;
    // Enrolments may be stopped before any day is cut.
    const stopped = await batches.stopped(tx, epoch);
    const ways = stopped.flatMap((batch) => {
      const to = resumed(batch);
      return to === undefined ? [] : [{ batch, to }];
    });
    if (ways.length === 0)
      throw new MintFault(
        'not_resumable',
        stopped[0] ? noWay(stopped[0]) : `${await this.#standing(tx, epoch)}: nothing of it is stopped`,
      );
    for (const { batch, to } of ways) await batches.move(tx, batch, { to, now: clock.now() });
    return { transactions: ways.length, left: stopped.length - ways.length };
  }

  /** Nothing more of the day is signed or sent. @throws MintFault `not_running` */
  async cancel(tx: TransactionSql, epoch: number): Promise<void> {
    const { epochs, clock } = this.#deps;
    if (await epochs.move(tx, epoch, { from: 'running', to: 'cancelling', now: clock.now() })) return;
    throw new MintFault(
      'not_running',
      `${await this.#standing(tx, epoch)}: only a day that runs can be given up`,
    );
  }

  async #standing(tx: TransactionSql, epoch: number): Promise<string> {
    const found = await this.#deps.epochs.find(epoch, tx);
    return `${dayText(epoch)} ${found === undefined ? 'was not cut' : `is ${found.state}`}`;
  }
}

function noWay({ kind, part, chain, reason, attempt }: Batch): string {
  const stands = `${kind} ${part} on chain ${chain} is stopped for '${reason}' after attempt ${attempt + 1}`;
  return kind === 'enrol' || kind === 'close'
    ? `${stands}: no command has room for another`
    : `${stands}: there is no way on but to cancel its day`;
}
