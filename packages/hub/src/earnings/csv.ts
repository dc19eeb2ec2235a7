import { countMinutes, formatPoints, formatScore } from '@stoa/protocol/stoicism';
import type { Kind } from '#ledger/index.ts';
import { iso } from '../console/format.ts';
import { csvCell } from '../csv-cell.ts';
import { startOf } from '../hub-hour.ts';
import type { ExportedEvent } from './feed-store.ts';
import { KIND_WORDS } from './sums.ts';

const COLUMNS = [
  'event',
  'written_at',
  'tax_year',
  'hour',
  'rule',
  'moves',
  'node_id',
  'node',
  'account',
  'minutes',
  'score',
  'score_version',
  'points',
  'income_points',
  'revision',
  'reference',
  'mode',
] as const;
/** Where points come into being; what moves between balances is no income. */
const INCOME: ReadonlySet<Kind> = new Set([
  ...(['accrual', 'fee', 'pending', 'pending-fee', 'donation', 'mining', 'adjustment'] as const),
]);

/** Everything that the ledger says of an owner, the oldest first, as RFC 4180; exact to the last decimal. */
export async function* eventsCsv(
  pages: AsyncIterable<readonly ExportedEvent[]>,
  mode: 'shadow' | 'live',
): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const page of pages) yield page.map((event) => csvLine(event, mode)).join('');
}

function csvLine(event: ExportedEvent, mode: 'shadow' | 'live'): string {
  const { kind, minutes, ranAt } = event;
  const points = formatPoints(event.amount);
  const told: Readonly<Record<(typeof COLUMNS)[number], string | number>> = {
    event: event.sequence,
    written_at: iso(ranAt),
    tax_year: new Date(ranAt).getUTCFullYear(),
    hour: iso(startOf(event.hour)),
    rule: kind,
    moves: KIND_WORDS[kind].moves,
    node_id: event.nodeId,
    node: event.label,
    account: event.account,
    minutes: minutes === 0n ? '' : countMinutes(minutes),
    score: minutes === 0n ? '' : formatScore(event.microScore),
    score_version: minutes === 0n ? '' : event.scoreVersion,
    points,
    income_points: INCOME.has(kind) ? points : '0',
    revision: event.revision,
    reference: event.ref,
    // Before the last reset the ledger was in shadow, or began anew: that has no value on chain.
    mode: mode === 'live' && event.isInForce ? 'live' : 'TEST',
  };
  return `${COLUMNS.map((column) => cell(column, told[column])).join(',')}\r\n`;
}

/** A negative amount is a number, not the formula that a text beginning so would be. */
function cell(column: (typeof COLUMNS)[number], value: string | number): string {
  return column === 'points' || column === 'income_points' ? String(value) : csvCell(value);
}
