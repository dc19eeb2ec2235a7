import type { MiddlewareHandler } from 'hono';
import type { NodeSuggestions } from '#nodes/index.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';

const MAX_TEXT = 100;

/** What the palette of each page asks for while somebody types. */
export function paletteRoutes(by: {
  guard: MiddlewareHandler<HttpEnv>;
  suggestions: NodeSuggestions;
}): HttpFeature {
  return {
    mount(app: HubApp) {
      app.get('/palette', by.guard, async (c) => {
        const text = (c.req.query('q') ?? '').trim();
        if (text.length > MAX_TEXT || text.includes('\0'))
          throw new HttpError(400, 'bad_search', `A search has at most ${MAX_TEXT} characters.`, {
            fix: 'Shorten it.',
          });
        return c.json({ nodes: text === '' ? [] : await by.suggestions.find(viewerOf(c), text) });
      });
    },
  };
}
