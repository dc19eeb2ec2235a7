import { AsyncLocalStorage } from 'node:async_hooks';
import { getPath } from 'hono/utils/url';

/**
 * Several accounts may be signed in within one browser; the page's address says which of them is in scope, so that two
 * tabs can't disagree with what they show: `/o/ann@x.example/nodes`. Routes are mounted without it.
 */
const PREFIX = /^\/o\/([^/]+)/;

const base = new AsyncLocalStorage<string>();

/** The path by which routes are found. */
export function scopedPath(request: Request): string {
  return withoutScope(getPath(request));
}

export function withoutScope(path: string): string {
  return path.replace(PREFIX, '') || '/';
}

/** The e-mail in an address; undefined where it names none. */
export function scopeOf(url: string): string | undefined {
  const name = PREFIX.exec(new URL(url).pathname)?.[1];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    // A broken escape names nobody who could be signed in.
    return name;
  }
}

/** Where the pages of an account are. */
export function scopeBase(email: string): string {
  return `/o/${encodeURIComponent(email).replaceAll('%40', '@')}`;
}

/** Makes links within `run` lead to the pages under `path`. */
export function withBase<T>(path: string, run: () => T): T {
  return base.run(path, run);
}

/**
 * A link, form action or redirect to a page of who is in scope. Not for fragments that a live source renders for many
 * readers at once: those link relative to the page they stand in.
 */
export function href(path: string): string {
  return `${base.getStore() ?? ''}${path}`;
}
