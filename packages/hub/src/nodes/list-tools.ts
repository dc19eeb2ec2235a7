import { number } from '../console/format.ts';
import { type Markup, markup } from '../console/markup.ts';
import { isEverything, type SelectorError } from '../selector/index.ts';
import { filterKey, type ListFilter, listUrl } from './list-filter.ts';

/** Long selectors are shown from a little before the fault. */
const SHOWN = { before: 50, after: 20 };

/** What is wrong with a selector, with a caret under the column. */
export function filterError(error: SelectorError): Markup {
  const { text, column, message, fix } = error;
  const from = column - 1 > SHOWN.before ? column - 1 - SHOWN.before : 0;
  const part = text.slice(from, column + SHOWN.after).replaceAll(/[\s\0]/g, ' ');
  const lead = from > 0 ? '…' : '';
  const caret = `${' '.repeat(lead.length + column - 1 - from)}^`;
  return markup`<div class="filter-error" role="alert" id="search-error"><pre aria-hidden="true">${lead}${part}
${caret}</pre><p><strong>${message}</strong></p><p>${fix} <a href="nodes/selectors">All fields and operators</a></p></div>`;
}

/** What the selector finds, and what can be done with all of it. */
export function listTools(filter: ListFilter, count: number | undefined): Markup | undefined {
  if (isEverything(filter.selector)) return undefined;
  const found =
    count === undefined
      ? 'More than 10,000 nodes match'
      : `${number(count)} ${count === 1 ? 'node matches' : 'nodes match'}`;
  return markup`<p class="filter-note">${found} <q>${filter.text}</q>. <a href="${listUrl('')}">Show all</a> <a href="nodes.csv?${filterKey(filter.text)}" download>CSV</a></p>`;
}
