import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { routePath } from 'hono/route';
import type { Clock } from './clock.ts';
import type { Assets } from './console/assets.ts';
import { errorPage } from './console/error-page.tsx';
import { type Head, renderDocument, type Site, type Slots } from './console/layout.ts';
import { joined, type Markup } from './console/markup.ts';
import type { NavEntry } from './console/navigation.ts';
import { href, scopedPath } from './console/scope.ts';
import { HttpError, notFound, toHttpError } from './http-error.ts';
import { sameOriginOnly, securityHeaders } from './http-security.ts';
import type { Log } from './log.ts';
import type { Viewer } from './viewer.ts';

export interface HttpEnv {
  Variables: {
    requestId: string;
    /** Who is signed in; set where a route requires it. */
    viewer?: Viewer;
    /** E-mails of all accounts that are signed in within this browser. */
    signedIn?: readonly string[];
  };
}

export type HubApp = Hono<HttpEnv>;
export type HubContext = Context<HttpEnv>;

/** A feature's share of the one HTTP application. */
export interface HttpFeature {
  /** Largest body in bytes by path prefix, where it isn't the usual 64 KiB. */
  readonly bodyLimits?: Readonly<Record<string, number>>;
  /** Its pages in the navigation. */
  readonly nav?: readonly NavEntry[];
  /** What it shows on every page of somebody who is signed in. */
  readonly slots?: Readonly<Partial<Record<keyof Slots, (viewer: Viewer) => Promise<Markup | undefined>>>>;
  mount(app: HubApp): void;
}

export interface HttpAppOptions {
  readonly features: readonly HttpFeature[];
  readonly assets: Assets;
  readonly site: Site;
  readonly log: Log;
  readonly clock: Pick<Clock, 'now'>;
  /** Whether browsers reach the hub by https. */
  readonly secure: boolean;
}

declare module 'hono' {
  interface ContextRenderer {
    // biome-ignore lint/style/useShorthandFunctionType: hono's renderer is declared by merging this interface
    (content: string | Promise<string>, head: Head): Response | Promise<Response>;
  }
}

const BODY_BYTES = 64 * 1024;

/** Everything that answers HTTP on the hub's one port, with what holds for each request: id, limits, headers, errors. */
export function createHttpApp(options: HttpAppOptions): HubApp {
  const { features, assets, site, log, clock, secure } = options;
  const app: HubApp = new Hono({ getPath: scopedPath });
  app.use(requestId({ generator: () => randomUUID() }));
  app.use(securityHeaders(secure));
  const entries = features.flatMap(({ nav = [] }) => nav);
  app.use(async (c, next) => {
    c.setRenderer(async (content, head) => {
      const viewer = c.get('viewer');
      const page = { ...head, site, assets, entries, now: clock.now() };
      const signedIn = viewer && {
        viewer,
        signedIn: c.get('signedIn') ?? [],
        slots: await fillSlots(features, { viewer, log }),
      };
      return c.html(await renderDocument(content, { ...page, ...signedIn }));
    });
    await next();
  });
  app.use(sameOriginOnly);
  app.use(methodNotAllowed<HttpEnv>({ app, onMethodNotAllowed: (c, methods) => refuseMethod(c, methods) }));
  limitBodies(app, features);
  app.get('/assets/*', (c) => assets.serve(c));
  app.get('/favicon.ico', (c) => assets.serve(c, assets.url('favicon.svg')));
  for (const feature of features) feature.mount(app);
  app.notFound((c) => answerError(c, notFound('This page')));
  app.onError((thrown, c) => {
    const error = toHttpError(thrown);
    const fields = {
      requestId: c.get('requestId'),
      method: c.req.method,
      route: routePath(c, -1),
      err: thrown,
    };
    // What a feature throws on purpose is an answer; anything else is a fault.
    if (thrown instanceof HttpError) log.debug(fields, 'a request was refused');
    else log.error(fields, 'a request failed');
    return answerError(c, error);
  });
  return app;
}

async function fillSlots(
  features: readonly HttpFeature[],
  { viewer, log }: { viewer: Viewer; log: Log },
): Promise<Slots> {
  const fill = async (name: keyof Slots): Promise<Markup | undefined> => {
    const parts = await Promise.all(
      features.map(async ({ slots }) => {
        try {
          return await slots?.[name]?.(viewer);
        } catch (err) {
          // The page itself can stand without, an error page all the more.
          log.warn({ err, slot: name }, 'a part of the frame could not be made');
          return undefined;
        }
      }),
    );
    return joined(parts.filter((part) => part !== undefined));
  };
  const [bar, top] = await Promise.all([fill('bar'), fill('top')]);
  return { bar, top };
}

function limitBodies(app: HubApp, features: readonly HttpFeature[]): void {
  const limits = features.flatMap((feature) => Object.entries(feature.bodyLimits ?? {}));
  const byPrefix = limits.map(([prefix, bytes]) => ({ prefix, check: limit(bytes) }));
  const usual = limit(BODY_BYTES);
  app.use((c, next) => {
    // Nobody reads a body of theirs, and looking whether there is one makes a whole Request of the light one.
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const own = byPrefix.find(({ prefix }) => c.req.path.startsWith(prefix));
    return (own?.check ?? usual)(c, next);
  });
}

function limit(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new HttpError(413, 'body_too_large', `The request's body is larger than ${maxSize} bytes.`, {
        fix: 'Send less at once.',
      });
    },
  });
}

function refuseMethod(c: HubContext, methods: readonly string[]): Promise<Response> {
  c.header('allow', methods.join(', '));
  return answerError(
    c,
    new HttpError(405, 'method_not_allowed', `This address does not take ${c.req.method}.`, {
      fix: `It takes ${methods.join(', ')}.`,
    }),
  );
}

/** Where a person confirms, to come back to the page from which the request was sent. */
function confirmUrl(c: HubContext): string {
  const from = c.req.method === 'GET' ? c.req.url : (c.req.header('referer') ?? '');
  const { pathname, search } = URL.parse(from) ?? { pathname: '/', search: '' };
  return href(`/confirm?next=${encodeURIComponent(pathname + search)}`);
}

async function answerError(c: HubContext, error: HttpError): Promise<Response> {
  const { status, code, message, fix, retry } = error;
  const requestId = c.get('requestId');
  if (code === 'confirm_first' && c.req.header('accept')?.includes('text/html'))
    return c.redirect(confirmUrl(c), 303);
  c.status(status);
  if (!c.req.header('accept')?.includes('text/html')) return c.json({ code, message, fix, retry, requestId });
  return c.render(errorPage({ status, code, message, fix, requestId }), { title: message });
}
