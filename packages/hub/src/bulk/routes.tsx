import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { listUrl, parseSelector, tagName } from '../nodes/index.ts';
import { EVERYTHING } from '../selector/index.ts';
import { viewerOf } from '../viewer.ts';
import { ACT_NAMES, actOf } from './acts.ts';
import type { BulkActs, BulkRequest } from './bulk-acts.ts';
import { BulkPage } from './page.tsx';

const ID = /^[0-9a-f]{4,64}$/;
const MOST_IDS = 60;

const asked = z.object({
  act: z.enum(ACT_NAMES, `an act is one of ${ACT_NAMES.join(', ')}`),
  tag: z.string().max(200).default(''),
  of: z.enum(['selected', 'all']).default('all'),
  q: z.string().max(1_000, 'a selector has at most 1000 characters').default(''),
});

const confirmed = z.strictObject({
  act: z.enum(ACT_NAMES),
  tag: z.string().max(200),
  q: z.string().max(1_000),
  shown: z.string().regex(/^\d{1,9}$/, 'the number of nodes that were shown'),
});

/** Acts on many nodes: the confirmation, and the act. */
export function bulkRoutes({
  acts,
  guard,
}: {
  acts: BulkActs;
  guard: MiddlewareHandler<HttpEnv>;
}): HttpFeature {
  return {
    mount(app: HubApp) {
      app.use('/bulk', guard);
      app.get('/bulk', async (c) => {
        const request = readAsked(c);
        const radius = await acts.radius(viewerOf(c), request);
        return c.render(<BulkPage {...{ request, radius }} />, {
          title: actOf(request.act).word,
          nav: 'nodes',
        });
      });
      app.post('/bulk', async (c) => {
        const viewer = viewerOf(c);
        const form = await readForm(c, confirmed);
        if (!form.ok) throw badRequest(Object.values(form.faults)[0] ?? 'the form is not complete');
        const request = requestOf({ ...form.value, of: 'all', ids: [] });
        try {
          const changed = await acts.run(viewer, request, Number(form.value.shown));
          return c.redirect(href(`/${listUrl(form.value.q, { changed: String(changed) })}`), 303);
        } catch (error) {
          if (!(error instanceof HttpError) || error.code !== 'radius_grew') throw error;
          c.status(409);
          const radius = await acts.radius(viewer, request);
          const page = <BulkPage {...{ request, radius }} fault={`${error.message} ${error.fix}`} />;
          return c.render(page, { title: actOf(request.act).word, nav: 'nodes' });
        }
      });
    },
  };
}

function readAsked(c: HubContext): BulkRequest {
  const read = asked.safeParse(c.req.query());
  if (!read.success) throw badRequest(read.error.issues[0]?.message ?? 'it is not complete');
  return requestOf({ ...read.data, ids: c.req.queries('id') ?? [] });
}

function requestOf(by: {
  act: BulkRequest['act'];
  tag: string;
  of: 'selected' | 'all';
  q: string;
  ids: readonly string[];
}): BulkRequest {
  const { act, of, q, ids } = by;
  const tag = actOf(act).tagged ? tagName(by.tag) : '';
  if (of === 'all') return { act, tag, selector: q.trim() === '' ? EVERYTHING : parseSelector(q) };
  if (ids.length === 0) throw badRequest('no node is selected');
  if (ids.length > MOST_IDS || !ids.every((id) => ID.test(id)))
    throw badRequest(`a selection is of at most ${MOST_IDS} node ids`);
  return { act, tag, selector: parseSelector(`id:${ids.join(',')}`) };
}

function badRequest(problem: string): HttpError {
  return new HttpError(422, 'bad_bulk', `This can't be done: ${problem}.`, {
    fix: 'Go back to the list, choose nodes and what to do with them.',
  });
}
