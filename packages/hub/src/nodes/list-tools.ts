import { number } from '../console/format.ts';
import { type Markup, markup } from '../console/markup.ts';
import { isEverything, type SelectorError } from '../selector/index.ts';
import { filterKey, type ListFilter, listUrl } from './list-filter.ts';

/** Long selectors are shown from a little before the fault. */
const SHOWN = { before: 40, after: 20 };

/** What is wrong with a selector, with a caret under the column. */
export function filterError(error: SelectorError): Markup {
  const { text, column, message, fix } = error;
  const from = Math.max(0, column - 1 - SHOWN.before);
  const part = text.slice(from, column + SHOWN.after).replaceAll(/\p{Cc}/gu, ' ');
  const lead = from > 0 ? '…' : '';
  const caret = `${' '.repeat(lead.length + column - 1 - from)}^`;
  return markup`<div class="filter-error" role="alert" id="search-error"><pre aria-hidden="true">${lead}${part}
<span class="caret">${caret}</span></pre><p><strong>${message}</strong> ${fix} <a href="nodes/selectors">All fields and operators</a></p></div>`;
}

export interface ListToolsProps {
  readonly filter: ListFilter;
  /** Nodes that the selector finds; undefined: too many to count. */
  readonly count: number | undefined;
  /** Nodes that the last act changed. */
  readonly changed: number | undefined;
}

/** What the selector finds, and what can be done with all of it: save, export, act. */
export function listTools({ filter, count, changed }: ListToolsProps): Markup {
  const every = isEverything(filter.selector);
  const found =
    count === undefined
      ? 'More than 1,000 nodes match'
      : `${nodes(count)} ${count === 1 ? 'matches' : 'match'}`;
  const all = every
    ? 'all nodes'
    : count === undefined
      ? 'all that match'
      : `all ${number(count)} that match`;
  return markup`${changed !== undefined && markup`<p class="done" role="status">${changed === 1 ? '1 node was changed.' : `${number(changed)} nodes were changed.`}</p>`}
<div class="list-tools">${!every && markup`<p class="filter-note">${found} <q>${filter.text}</q>. <a href="${listUrl('')}">Show all</a></p>`}
<details class="menu"><summary>Views</summary><div class="menu-body"><div data-fetch="views/menu"><p><a href="views">Your views</a></p></div>${!every && saveForm(filter)}<p><a href="nodes/selectors">Help with selectors</a></p></div></details>
<details class="menu"><summary>Act on nodes</summary><form id="bulk" action="bulk" class="menu-body"><input type="hidden" name="q" value="${filter.text}">
<label for="bulk-act">What</label><select id="bulk-act" name="act"><option value="tag">Add tag</option><option value="untag">Remove tag</option><option value="refuse">Refuse</option><option value="accept">Accept</option><option value="retire">Retire</option></select>
<label for="bulk-tag">Tag</label><input id="bulk-tag" name="tag" maxlength="40" autocomplete="off" placeholder="for adding and removing tags">
<p><button type="submit" name="of" value="selected" class="quiet">The selected&#8230;</button> <button type="submit" name="of" value="all" class="quiet">${all}&#8230;</button></p><p class="field-hint">What it would touch is shown before it is done.</p></form></details>
<a class="export" href="nodes.csv?${filterKey(filter.text)}" download>CSV</a></div>`;
}

function nodes(count: number): string {
  return `${number(count)} ${count === 1 ? 'node' : 'nodes'}`;
}

function saveForm(filter: ListFilter): Markup {
  return markup`<form method="post" action="views"><input type="hidden" name="q" value="${filter.text}"><label for="view-name">Save this search as</label><input id="view-name" name="name" maxlength="60" required autocomplete="off"><button type="submit" class="quiet">Save</button></form>`;
}
