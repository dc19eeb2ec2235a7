import type { Http } from '#http.ts';
import { UpdateError } from '#update/error.ts';

/** Where every hub serves the tree of releases. */
export const HUB_RELEASES = '/releases';
const TIMEOUT_MS = 30_000;

/**
 * Bases of the tree of releases, in the order to try them, without a slash at the end. The hub's own comes last unless the
 * assignment gives it a place. Elsewhere only https counts: the bytes are verified anyhow, but who reads along need not
 * learn which node updates.
 */
export function mirrorsOf(named: readonly string[], hub: string): string[] {
  const bases = named.flatMap((name) => {
    if (name.startsWith('/')) return [`${hub}${trimmed(name)}`];
    const url = URL.parse(name);
    const good = url?.protocol === 'https:' && url.search === '' && url.hash === '' && url.username === '';
    return good || url?.origin === hub ? [trimmed(name)] : [];
  });
  return [...new Set([...bases, `${hub}${HUB_RELEASES}`])];
}

function trimmed(base: string): string {
  return base.replace(/\/+$/, '');
}

/**
 * A small file, whole; undefined where there is none. What is endless or slow is ended.
 * @throws HttpError, UpdateError `mirrors_silent` for an answer that is none.
 */
export async function fetchSmall(
  http: Http,
  url: string,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const { status, body } = await http.request({ url, timeoutMs: TIMEOUT_MS, maxBytes, signal });
  if (status === 200) return body;
  if (status === 404 || status === 403) return undefined;
  throw new UpdateError('mirrors_silent', `${url} answered ${status}`);
}
