import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../http.ts';
import { notFound } from '../http-error.ts';
import { isAtLeast, type Tier, viewerOf } from '../viewer.ts';

/** After the guard: for others the page isn't there. */
export function requireTier(least: Tier): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    if (!isAtLeast(viewerOf(c), least)) throw notFound('This page');
    await next();
  };
}
