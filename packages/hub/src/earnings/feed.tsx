import type { Kind } from '#ledger/index.ts';
import { number } from '../console/format.ts';
import { type LiveLog, readerId } from '../console/live-log.ts';
import { HttpError } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import { type FeedEvent, type FeedStore, readPlace, writePlace } from './feed-store.ts';
import { dayName, hourName, Points } from './stamp.tsx';
import { KIND_WORDS } from './sums.ts';

/** Events of one hour and kind that came together: a fleet's hour is one line, not a thousand. */
export interface FeedLine {
  readonly hour: number;
  readonly kind: Kind;
  readonly isLater: boolean;
  readonly amount: bigint;
  readonly nodes: number;
  /** Of the first and the last event in it. */
  readonly first: number;
  readonly last: number;
}

const FEED_ID = 'earned-feed';
/** Kinds of which a revision answers a later word; what matures or moves is numbered for other reasons. */
const MINUTES: ReadonlySet<Kind> = new Set(['accrual', 'pending', 'fee', 'pending-fee']);
/** Events that one message tells of. */
const EVENTS = 2_000;
/** Of a page that is just opened. */
const LINES = 12;

/** In the order of their last events. Each event is in one line. */
export function linesOf(events: readonly FeedEvent[]): FeedLine[] {
  const groups = Map.groupBy(events, ({ hour, kind, revision }) => `${hour} ${kind} ${revision > 0}`);
  return [...groups.values()]
    .map((group) => {
      const [first, last] = [group[0]!, group.at(-1)!];
      return {
        ...{ hour: first.hour, kind: first.kind, isLater: first.revision > 0 && MINUTES.has(first.kind) },
        amount: group.reduce((sum, { amount }) => sum + amount, 0n),
        nodes: new Set(group.map(({ nodeId }) => nodeId).filter((id) => id !== '')).size,
        ...{ first: first.sequence, last: last.sequence },
      };
    })
    .sort((a, b) => a.last - b.last);
}

/** What came last, the newest first; what comes while the page is open is put before it. */
export function Feed({ events }: { events: readonly FeedEvent[] }) {
  return (
    <ol id={FEED_ID} class="feed" aria-live="polite">
      {linesOf(events)
        .slice(-LINES)
        .reverse()
        .map((line) => (
          <Line line={line} />
        ))}
    </ol>
  );
}

function Line({ line }: { line: FeedLine }) {
  const { hour, kind, isLater, amount, nodes, first, last } = line;
  return (
    <li id={`event-${last}`}>
      <span class="feed-what">
        {KIND_WORDS[kind].name}
        {isLater && ', by a later word'}
      </span>
      <span class="feed-amount num">
        <Points units={amount} />
      </span>
      <span class="feed-where">
        {dayName(Math.floor(hour / 24))} {hourName(hour)}
        {nodes > 1 && ` · ${number(nodes)} nodes`} · {KIND_WORDS[kind].moves} · event{' '}
        {first === last ? last : `${first} to ${last}`}
      </span>
    </li>
  );
}

/** The ledger as an owner's open page follows it, from the event that it was rendered with. */
export function ledgerLog(store: Pick<FeedStore, 'end' | 'after'>): LiveLog {
  return {
    name: 'ledger',
    admit({ email: key }: Viewer, place) {
      if (readPlace(place) !== undefined) return { key, place };
      throw new HttpError(400, 'bad_place', 'The address names no place in the ledger.', {
        fix: 'Reload the page.',
      });
    },
    async end() {
      return writePlace(await store.end());
    },
    async read(readers) {
      const found = await store.after(readers, EVENTS);
      return new Map(
        readers.flatMap((reader) => {
          const id = readerId(reader);
          const events = found.get(id) ?? [];
          const told = events.slice(0, EVENTS);
          const last = told.at(-1);
          if (last === undefined) return [];
          const lines = linesOf(told)
            .reverse()
            .map((line) => String(<Line line={line} />));
          const html = `<hx-partial hx-target="#${FEED_ID}" hx-swap="afterbegin">${lines.join('')}</hx-partial>`;
          return [[id, { html, place: writePlace(last), more: events.length > EVENTS }] as const];
        }),
      );
    },
  };
}
