import { number } from '../console/format.ts';
import { lampMarkup } from '../console/lamp.ts';
import { Markup, markup } from '../console/markup.ts';
import type { Census } from './census.ts';
import type { CpuDay } from './cpu-day.ts';
import { encodeCursor } from './cursor.ts';
import { WHY_BUBBLE } from './explain.tsx';
import { TOKEN_COMMAND } from './join-tokens.ts';
import { type ListFilter, listUrl, statesOf, stateUrl } from './list-filter.ts';
import { filterError, type ListToolsProps, listTools } from './list-tools.ts';
import type { ListPage } from './listing.ts';
import type { Instant } from './liveness.ts';
import { dayCell, nodeRow } from './row.tsx';
import { STATE_WORDS, STATES, type StateName } from './state.ts';

export interface NodeListProps extends ListToolsProps {
  readonly page: ListPage;
  /** By node id. */
  readonly days: ReadonlyMap<string, CpuDay>;
  readonly census: Census;
  readonly at: Instant;
}

/** The list is the page that is asked for most: written as markup, for its speed. */
export function nodeListPage({ page, days, census, at, ...tools }: NodeListProps): Markup {
  const { filter } = tools;
  const rows =
    page.rows.length === 0
      ? noNodes(filter, census)
      : markup`<table class="nodes">${TABLE_HEAD}<tbody>${page.rows.map((node) => nodeRow(node, at, dayCell(days.get(node.nodeId))))}</tbody></table>`;
  return markup`<header class="title"><h1>Nodes</h1>${pager(filter, page, 'Pages, above the list')}</header>${stateFilter(filter, census)}${filter.error !== undefined && filterError(filter.error)}${filter.error === undefined && listTools(tools)}${filter.error === undefined && rows}${pager(filter, page, 'Pages, below the list')}${WHY_BUBBLE}`;
}

const TABLE_HEAD = markup`<caption class="away">Nodes by label</caption>
<thead><tr>
<th scope="col" class="c-pick"><span class="away">Selected</span></th>
<th scope="col" class="c-state">State</th>
<th scope="col" class="c-node">Node</th>
<th scope="col" class="num c-lag" title="Blocks behind the verified head, on the worst chain">Lag</th>
<th scope="col" class="c-seen">Last seen</th>
<th scope="col" class="c-load">CPU %</th>
<th scope="col" class="c-day" title="CPU, the mean of each of the last 24 hours; a gap: nothing was heard">24 h</th>
<th scope="col" class="c-load">Memory %</th>
<th scope="col" class="c-load">Disk %</th>
<th scope="col" class="num c-wide" title="Load average over one minute">Load</th>
<th scope="col" class="c-version">Version</th>
<th scope="col" class="c-region">Region</th>
</tr></thead>`;

const CURRENT = new Markup(' aria-current="true"');

/** Counts of the whole fleet by state, each a filter. States without a node stay out of the way. */
export function stateFilter(filter: ListFilter, census: Census): Markup {
  const asked = statesOf(filter.selector);
  const shown = STATES.filter((state) => census.byState[state] > 0 || asked.includes(state));
  const isAsked = (state: StateName | undefined) =>
    state === undefined ? asked.length === 0 : asked.includes(state);
  const chip = (state: StateName | undefined, word: string | Markup, count: number) =>
    markup`<li><a href="${stateUrl(filter.selector, state)}"${isAsked(state) && CURRENT}>${word} <span class="count">${number(count)}</span></a></li>`;
  const chips = shown.map((state) =>
    chip(state, lampMarkup(state, STATE_WORDS[state]), census.byState[state]),
  );
  return markup`<nav class="chips" id="states" aria-label="Filter by state"><ul>${chip(undefined, 'All', census.total)}${chips}</ul></nav>`;
}

function pager(filter: ListFilter, { previous, next }: ListPage, label: string): Markup | undefined {
  if (previous === undefined && next === undefined) return undefined;
  return markup`<nav class="pager" aria-label="${label}">${turn('First', previous && listUrl(filter.text))}${turn('Previous', previous && listUrl(filter.text, { before: encodeCursor(previous) }), 'prev')}${turn('Next', next && listUrl(filter.text, { after: encodeCursor(next) }), 'next')}</nav>`;
}

function turn(word: string, url: string | undefined, rel?: 'prev' | 'next'): Markup {
  if (url === undefined) return markup`<span class="off">${word}</span>`;
  return markup`<a${rel !== undefined && markup` rel="${rel}"`} href="${url}">${word}</a>`;
}

function noNodes(filter: ListFilter, census: Census): Markup {
  if (census.total === 0) return NOBODY_YET;
  const how =
    filter.text !== '' &&
    markup`Words are found by their beginning, in label, owner and region; fields as <code>state:offline</code> are explained in the <a href="nodes/selectors">language of this search</a>. `;
  return markup`<div class="empty"><p class="empty-title">No node matches</p><p>${how}<a href="nodes">Show all nodes</a></p></div>`;
}

const NOBODY_YET = markup`<div class="empty"><p class="empty-title">No node has joined yet</p><p><a href="join">Add a node</a>, or make a join token on the hub&#39;s machine:</p><pre tabindex="0"><code>${TOKEN_COMMAND}</code></pre></div>`;
