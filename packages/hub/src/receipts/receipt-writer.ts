import { decode, encode, equalBytes, type SettledReceipt, settledReceipt } from '@stoa/protocol';
import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { NodeSpan, SettledSink, SettledSlice } from '../ledger/index.ts';
import type { Log } from '../log.ts';
import { evidenceOf, isHash, receiptOf } from './body.ts';
import type { ReceiptStore } from './receipt-store.ts';
import type { ReceiptRow } from './receipt-tree.ts';

/** Who looked at nodes' ports. */
export interface DialBackSource {
  /**
   * `hash` of the sealed report of the last look before the hour's end, where none came since. Read in the ledger's transaction:
   * whoever holds its lock and waits for a second connection may wait for those who wait for the lock.
   */
  reports(tx: TransactionSql, hubHour: number, span: NodeSpan): Promise<ReadonlyMap<string, Uint8Array>>;
}

/**
 * Writes what the ledger has settled of a slice, in its transaction: so there is a receipt if and only if there is what it
 * says. A node's first is revision 0; a later pass writes another only where it would say something else, and none where the
 * ledger kept what it had written.
 */
export class ReceiptWriter implements SettledSink {
  readonly #store: ReceiptStore;
  readonly #dialBacks: DialBackSource;
  readonly #log: Pick<Log, 'error'>;

  constructor(by: { store: ReceiptStore; dialBacks: DialBackSource; log: Pick<Log, 'error'> }) {
    this.#store = by.store;
    this.#dialBacks = by.dialBacks;
    this.#log = by.log;
  }

  async settled(
    tx: TransactionSql,
    { hour, pass, reckoning, span, nodes, scored, paid, kept }: SettledSlice,
  ): Promise<void> {
    const told = nodes.filter(({ nodeId }) => !kept.has(nodeId));
    const before = await this.#store.newest(tx, hour, span);
    const isNew = told.some(({ nodeId }) => !before.has(nodeId));
    const looks = isNew ? await this.#dialBacks.reports(tx, hour, span) : NONE;
    const unfit: string[] = [];
    const rows = told.flatMap((words) => {
      const { nodeId } = words;
      const newest = before.get(nodeId);
      const dialBack = newest === undefined ? looks.get(nodeId) : lookIn(newest);
      const facts = { reckoning, words, score: scored.get(nodeId), payee: paid.get(nodeId), dialBack };
      for (const one of evidenceOf(facts)) if (!isHash(one)) unfit.push(`${one.kind} of ${nodeId}`);
      return nextOf(nodeId, receiptOf(facts), newest);
    });
    if (unfit.length > 0)
      this.#log.error(
        { hubHour: hour, pass, count: unfit.length, first: unfit.slice(0, SHOWN) },
        'what is stored as the hash of evidence is none: receipts do without it, look at who writes to the database',
      );
    await this.#store.write(tx, { hubHour: hour, pass, ...reckoning }, rows);
  }
}

/** Of those that a line of the log names. */
const SHOWN = 5;
const NONE: ReadonlyMap<string, Uint8Array> = new Map();

/** Only the last look of a node is stored: what the first receipt named stays, else every later pass would say something else. */
function lookIn({ body }: ReceiptRow): Uint8Array | undefined {
  return decode(settledReceipt, body).evidence.find(({ kind }) => kind === 'dial-back')?.hash;
}

function nextOf(nodeId: string, receipt: SettledReceipt, before: ReceiptRow | undefined): ReceiptRow[] {
  const body = encode(settledReceipt, { ...receipt, revision: before?.revision ?? 0 });
  if (before === undefined) return [{ nodeId, revision: 0, body }];
  if (equalBytes(body, before.body)) return [];
  const revision = before.revision + 1;
  return [{ nodeId, revision, body: encode(settledReceipt, { ...receipt, revision }) }];
}
