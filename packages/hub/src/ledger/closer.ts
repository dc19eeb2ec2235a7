import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { Balances } from './balances.ts';
import type { LedgerBook } from './book.ts';
import type { DueHour, HourStore } from './hour-store.ts';
import { isKept, nextPass, resumesAfter, takesWords } from './passes.ts';
import { type Facts, type Settlement, settle } from './settlement.ts';
import type {
  HourSource,
  NodeHourWords,
  NodeSpan,
  PayeeSource,
  ScoreSource,
  SettledSink,
} from './sources.ts';

export interface CloserDeps {
  readonly book: LedgerBook;
  readonly store: HourStore;
  readonly hours: HourSource;
  readonly scores: ScoreSource;
  readonly payees: PayeeSource;
  readonly sink?: SettledSink | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'info'>;
}

/** Nodes of one transaction: more would hold the event loop for longer than a frame may wait. */
const SLICE = 2_000;

/**
 * Closes hours and takes later words. A pass reads every node's hour as it stands now and writes the difference from what is
 * written: so it may be cut off at any statement, run twice, or run by two at once (each waits for the other's transaction),
 * and nothing is paid twice or lost. Hours are closed in their order: what matures in one is pending in those before.
 */
export class HourCloser implements Task {
  readonly name = 'ledger-close';
  readonly periodMs = 60_000;
  readonly #deps: CloserDeps;

  constructor(deps: CloserDeps) {
    this.#deps = deps;
  }

  async tick(stop?: AbortSignal): Promise<void> {
    const { book, store, clock } = this.#deps;
    const { firstHour } = await book.begin();
    for (const due of await store.due(clock.now(), firstHour)) {
      if (stop?.aborted) return;
      await this.#pass(due, stop);
    }
  }

  async #pass(due: DueHour, stop: AbortSignal | undefined): Promise<void> {
    const { store, hours, clock, log } = this.#deps;
    const { hour } = due;
    const begun = clock.now();
    if (due.closed && !isKept(hour, begun))
      return store.finish(due, { now: begun, tookMs: 0, nextPassAt: undefined });
    const after = resumesAfter(due, begun);
    const pages = hours.hours(hour, after === undefined ? {} : { after });
    for await (const known of ahead(this.#known(hour, pages))) {
      await this.#settle(due, known);
      if (stop?.aborted) return;
    }
    const now = clock.now();
    await store.finish(due, { now, tookMs: now - begun, nextPassAt: nextPass(hour, now) });
    if (!due.closed) log.info({ hour, tookMs: now - begun }, 'an hour of the ledger is closed');
  }

  async *#known(hour: number, pages: AsyncIterable<readonly NodeHourWords[]>): AsyncGenerator<Known> {
    const { scores, payees } = this.#deps;
    for await (const nodes of inSlices(ahead(pages), SLICE)) {
      const span = { first: nodes[0]!.nodeId, last: nodes.at(-1)!.nodeId };
      const [scored, paid] = await Promise.all([scores.within(hour, span), payees.within(hour, span)]);
      yield { nodes, span, scored, paid };
    }
  }

  async #settle(due: DueHour, { nodes: all, span, scored, paid }: Known): Promise<void> {
    const { book, store, clock, sink } = this.#deps;
    const { hour } = due;
    await book.open(hour, async ({ tx, head, append }) => {
      // A reset came while the hour was being read: what is written behind it would count in the balances that it began.
      if (hour < head.firstHour) return;
      // Those of a demonstration or a rehearsal: they may be seen to earn, and never anything of value.
      const simulated = head.mode === 'live' ? await store.simulated(tx, span) : NONE;
      const nodes = all.filter(({ nodeId }) => !simulated.has(nodeId));
      // Asked in one breath: the database works on one while this process takes in the other.
      const [pass, written, pending] = await Promise.all([
        store.pass(tx, hour),
        store.written(tx, hour, span),
        store.pending(tx, hour, span),
      ]);
      const held = new Balances();
      for (const one of pending) held.apply({ kind: 'pending', ...one });
      const least = due.closed ? 1 : 0;
      const open = takesWords(hour, due);
      const taken = settle(nodes, { scored, paid, written, held, least, open });
      await append(taken.drafts);
      await store.refuse(tx, hour, taken.refusals, clock.now());
      const kept = keptOf(nodes, { scored, paid, written, refusals: taken.refusals });
      const reckoning = { mode: head.mode, resetSequence: head.resetSequence };
      if (open) await sink?.settled(tx, { hour, pass, reckoning, span, nodes, scored, paid, kept });
      await store.progress(tx, due, span.last);
    });
  }
}

const NONE: ReadonlySet<string> = new Set();

/** What is asked of others about a slice of nodes. */
interface Known extends Pick<Facts, 'scored' | 'paid'> {
  readonly nodes: readonly NodeHourWords[];
  readonly span: NodeSpan;
}

/** Of whom a word was refused, and of whom nothing is known any more though something was written. */
function keptOf(
  nodes: readonly NodeHourWords[],
  {
    scored,
    paid,
    written,
    refusals,
  }: Pick<Facts, 'scored' | 'paid' | 'written'> & Pick<Settlement, 'refusals'>,
): ReadonlySet<string> {
  const lost = nodes.filter(({ nodeId }) => written.has(nodeId) && !(scored.has(nodeId) && paid.has(nodeId)));
  return new Set([...refusals, ...lost].map(({ nodeId }) => nodeId));
}

/** Slices that are asked for while one is worked on: the database then writes while this process reads. */
const AHEAD = 3;

async function* ahead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  const asked: Promise<IteratorResult<T>>[] = [];
  for (;;) {
    while (asked.length <= AHEAD) {
      const next = items.next();
      // Told where it is waited for, which may be later than it failed.
      next.catch(() => undefined);
      asked.push(next);
    }
    const item = await asked.shift()!;
    if (item.done === true) return;
    yield item.value;
  }
}

async function* inSlices<T>(pages: AsyncIterable<readonly T[]>, size: number): AsyncGenerator<readonly T[]> {
  let held: T[] = [];
  for await (const page of pages) {
    held = held.length === 0 ? [...page] : held.concat(page);
    while (held.length >= size) yield held.splice(0, size);
  }
  if (held.length > 0) yield held;
}
