import { number } from '../console/format.ts';
import { Lamp } from '../console/lamp.tsx';
import { embed } from '../console/markup.ts';
import { Empty } from '../console/parts.tsx';
import type { Census } from './census.ts';
import { encodeCursor } from './cursor.ts';
import { WhyBubble } from './explain.tsx';
import type { ListFilter, ListPage } from './listing.ts';
import type { Instant } from './liveness.ts';
import { nodeRow } from './row.tsx';
import { STATE_WORDS, STATES } from './state.ts';

type Place = Readonly<Record<string, string>>;

/** The list's address with another filter or place. */
export function listUrl(filter: Partial<ListFilter>, place: Place = {}): string {
  const query = filterKey(filter, place);
  return query === '' ? '/nodes' : `/nodes?${query}`;
}

/** A filter as a query, which is also its key in the page's stream: escaped, so without a comma. */
export function filterKey(filter: Partial<ListFilter>, place: Place = {}): string {
  return new URLSearchParams({
    ...(filter.text && { q: filter.text }),
    ...(filter.state && { state: filter.state }),
    ...place,
  }).toString();
}

export function filterOfKey(key: string): ListFilter {
  const query = new URLSearchParams(key);
  return { text: query.get('q') ?? '', state: STATES.find((state) => state === query.get('state')) };
}

export interface NodeListProps {
  readonly filter: ListFilter;
  readonly page: ListPage;
  readonly census: Census;
  readonly at: Instant;
}

export function NodeListPage({ filter, page, census, at }: NodeListProps) {
  return (
    <>
      <header class="title">
        <h1>Nodes</h1>
        <Pager filter={filter} page={page} label="Pages, above the list" />
      </header>
      <StateFilter filter={filter} census={census} />
      {filter.text !== '' && (
        <p class="filter-note">
          Matching <q>{filter.text}</q>. <a href={listUrl({ state: filter.state })}>Show all</a>
        </p>
      )}
      {page.rows.length === 0 ? <NoNodes filter={filter} census={census} /> : <Rows page={page} at={at} />}
      <Pager filter={filter} page={page} label="Pages, below the list" />
      <WhyBubble />
    </>
  );
}

function Rows({ page, at }: { page: ListPage; at: Instant }) {
  return (
    <table class="nodes">
      <caption class="away">Nodes by label</caption>
      <thead>
        <tr>
          <th scope="col" class="c-state">
            State
          </th>
          <th scope="col" class="c-node">
            Node
          </th>
          <th scope="col" class="num c-lag" title="Blocks behind the verified head, on the worst chain">
            Lag
          </th>
          <th scope="col" class="c-seen">
            Last seen
          </th>
          <th scope="col" class="c-load">
            CPU %
          </th>
          <th scope="col" class="c-load">
            Memory %
          </th>
          <th scope="col" class="c-load">
            Disk %
          </th>
          <th scope="col" class="num c-wide" title="Load average over one minute">
            Load
          </th>
          <th scope="col" class="c-version">
            Version
          </th>
          <th scope="col" class="c-region">
            Region
          </th>
        </tr>
      </thead>
      <tbody>{embed(page.rows.map((node) => nodeRow(node, at)))}</tbody>
    </table>
  );
}

/** Counts of the whole fleet by state, each a filter. States without a node stay out of the way. */
export function StateFilter({ filter, census }: { filter: ListFilter; census: Census }) {
  const shown = STATES.filter((state) => census.byState[state] > 0 || state === filter.state);
  return (
    <nav class="chips" id="states" aria-label="Filter by state">
      <ul>
        <li>
          <a
            href={listUrl({ text: filter.text })}
            aria-current={filter.state === undefined ? 'true' : undefined}
          >
            All <span class="count">{number(census.total)}</span>
          </a>
        </li>
        {shown.map((state) => (
          <li>
            <a
              href={listUrl({ text: filter.text, state })}
              aria-current={filter.state === state ? 'true' : undefined}
            >
              <Lamp name={state} word={STATE_WORDS[state]} />{' '}
              <span class="count">{number(census.byState[state])}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Pager({ filter, page, label }: { filter: ListFilter; page: ListPage; label: string }) {
  const { previous, next } = page;
  if (previous === undefined && next === undefined) return null;
  return (
    <nav class="pager" aria-label={label}>
      {previous ? <a href={listUrl(filter)}>First</a> : <span class="off">First</span>}
      {previous ? (
        <a rel="prev" href={listUrl(filter, { before: encodeCursor(previous) })}>
          Previous
        </a>
      ) : (
        <span class="off">Previous</span>
      )}
      {next ? (
        <a rel="next" href={listUrl(filter, { after: encodeCursor(next) })}>
          Next
        </a>
      ) : (
        <span class="off">Next</span>
      )}
    </nav>
  );
}

function NoNodes({ filter, census }: { filter: ListFilter; census: Census }) {
  if (census.total > 0)
    return (
      <Empty title="No node matches">
        <p>
          {filter.text !== '' &&
            'A search finds words by their beginning, in label, owner and region, or a node id. '}
          <a href="/nodes">Show all nodes</a>
        </p>
      </Empty>
    );
  return (
    <Empty title="No node has joined yet">
      <p>Make a join token on the hub's machine, then run the command that it prints on the node:</p>
      <pre>
        <code>stoa-hub token new --ttl 15m --uses 1</code>
      </pre>
    </Empty>
  );
}
