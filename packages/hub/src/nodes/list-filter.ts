import { EVERYTHING, join, printSelector, type Selector, SelectorError } from '../selector/index.ts';
import { parseSelector } from './node-selector.ts';
import type { StateName } from './state.ts';

/** What a list is asked for: the text as it was typed, and what it says; or what is wrong with it. */
export interface ListFilter {
  readonly text: string;
  readonly selector: Selector;
  readonly error?: SelectorError;
}

export function readFilter(text: string): ListFilter {
  try {
    return { text, selector: parseSelector(text) };
  } catch (error) {
    if (error instanceof SelectorError) return { text, selector: EVERYTHING, error };
    throw error;
  }
}

type Place = Readonly<Record<string, string>>;

/** The list of what a selector finds, relative to a page one deep: it also stands in what streams bring. */
export function listUrl(text: string, place: Place = {}): string {
  const query = filterKey(text, place);
  return query === '' ? 'nodes' : `nodes?${query}`;
}

/** A filter as a query, which is also its key in the page's stream: escaped, so without a comma. */
export function filterKey(text: string, place: Place = {}): string {
  return new URLSearchParams({ ...(text !== '' && { q: text }), ...place }).toString();
}

export function filterOfKey(key: string): ListFilter {
  return readFilter(new URLSearchParams(key).get('q') ?? '');
}

const conditions = (selector: Selector): readonly Selector[] =>
  selector.kind === 'and' ? selector.of : [selector];
const isOfState = (part: Selector): boolean => part.kind === 'term' && part.field === 'state';

/** The selector with this state in place of the one that it asks for, or without one. */
export function withState(selector: Selector, state: StateName | undefined): Selector {
  const others = conditions(selector).filter((part) => !isOfState(part));
  if (state === undefined) return join('and', others);
  const term: Selector = { kind: 'term', field: 'state', operator: ':', values: [state], column: 1 };
  return join('and', [term, ...others]);
}

/** The states that a selector asks for, where that is one of its conditions. */
export function statesOf(selector: Selector): readonly string[] {
  return conditions(selector).flatMap((part) =>
    part.kind === 'term' && part.field === 'state' ? part.values : [],
  );
}

/** The list with another state. */
export function stateUrl(selector: Selector, state: StateName | undefined): string {
  return listUrl(printSelector(withState(selector, state)));
}
