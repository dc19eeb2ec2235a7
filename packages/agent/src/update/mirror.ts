import type { Http } from '#http.ts';
import { UpdateError } from '#update/error.ts';

/** Where every hub serves the tree of releases. */
export const HUB_RELEASES = '/releases';
const TIMEOUT_MS = 30_000;
/** With a dot and a last label of letters: neither an address nor a name of the local network. */
const PUBLIC_NAME = /^(?:[a-z0-9-]+\.)+(?!local$|internal$|lan$|home$)[a-z][a-z0-9-]+$/;

/**
 * Bases of the tree of releases, in the order to try them, without a slash at the end. The hub's own comes last unless the
 * assignment gives it a place. Elsewhere only https counts: the bytes are verified anyhow, but who reads along need not
 * learn which node updates. And only a name on the usual port: an assignment is not signed, so no hub makes nodes knock at
 * the doors of their own networks with it.
 */
export function mirrorsOf(named: readonly string[], hub: string): string[] {
  const bases = named.flatMap((name) => {
    if (name.startsWith('/')) return [`${hub}${trimmed(name)}`];
    const url = URL.parse(name);
    const plain = url?.protocol === 'https:' && url.search === '' && url.hash === '' && url.username === '';
    const good = plain && url.port === '' && PUBLIC_NAME.test(url.hostname);
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
