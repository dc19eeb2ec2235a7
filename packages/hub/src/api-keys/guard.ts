import type { MiddlewareHandler } from 'hono';
import type { HttpEnv, HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { holdsScope, type KeyScope, type Viewer, viewerOf } from '../viewer.ts';
import type { ApiKeys } from './api-keys.ts';

const BEARER = /^bearer +(\S+)$/i;

/**
 * Lets pass who shows an API key, or whoever `guard` lets pass. A request that shows a key is judged by that key alone:
 * a bad one never falls back to the cookie beside it.
 */
export function requireKeyOrViewer(by: {
  keys: Pick<ApiKeys, 'authenticate'>;
  guard: MiddlewareHandler<HttpEnv>;
  addressOf: (c: HubContext) => string;
}): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const authorization = c.req.header('authorization');
    if (authorization === undefined) return by.guard(c, next);
    c.header('cache-control', 'private, no-store');
    c.header('www-authenticate', 'Bearer realm="stoa-hub"');
    const [, text = ''] = BEARER.exec(authorization) ?? [];
    c.set('viewer', await by.keys.authenticate(text, by.addressOf(c)));
    c.header('www-authenticate', undefined);
    await next();
  };
}

/** Behind a guard: a person may what the tier allows, a key only what it was made for. @throws {HttpError} `missing_scope` for a key that was not made for this. */
export function viewerWith(c: HubContext, scope: KeyScope): Viewer {
  const viewer = viewerOf(c);
  if (holdsScope(viewer, scope)) return viewer;
  throw new HttpError(403, 'missing_scope', `The API key does not have the scope ${scope}.`, {
    fix: `Make a key with the scope ${scope}.`,
  });
}
