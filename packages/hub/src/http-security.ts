import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { HttpError } from './http-error.ts';

const SELF = ["'self'"];
const NONE = ["'none'"];

/** Nothing inline and nothing from elsewhere: stored markup that slipped through would still do nothing. */
export function securityHeaders(secure: boolean): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: NONE,
      scriptSrc: SELF,
      styleSrc: SELF,
      connectSrc: SELF,
      imgSrc: SELF,
      formAction: SELF,
      frameAncestors: NONE,
      baseUri: NONE,
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'same-origin',
    strictTransportSecurity: secure ? 'max-age=31536000' : false,
    permissionsPolicy: { camera: false, microphone: false, geolocation: false },
  });
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site makes a browser send. Browsers tell where an unsafe request comes from in Sec-Fetch-Site or,
 * the older ones, in Origin; what sends neither (agents, scripts) is no browser and may not come with its cookies.
 */
export const sameOriginOnly: MiddlewareHandler = async (c, next) => {
  if (!SAFE.has(c.req.method) && isForeign(c.req.raw.headers))
    throw new HttpError(403, 'foreign_request', 'The request did not come from a page of this hub.', {
      fix: 'Open the page at this hub itself and send the form again.',
    });
  await next();
};

function isForeign(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site !== 'same-origin';
  const origin = headers.get('origin');
  // Only the host can be compared: TLS may end before the hub, which then sees http.
  if (origin !== null) return URL.parse(origin)?.host !== headers.get('host');
  return headers.has('cookie');
}
