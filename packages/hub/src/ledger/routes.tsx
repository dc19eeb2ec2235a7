import { parsePoints } from '@stoa/protocol/stoicism';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { requireTier } from '#accounts/index.ts';
import type { Clock } from '../clock.ts';
import { line, readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import type { EventCursor } from './event-store.ts';
import { OwnLedgerPage } from './own-page.tsx';
import { LedgerPage, type LedgerView } from './page.tsx';
import type { LedgerTools } from './tools.ts';

export interface LedgerPagesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly tools: LedgerTools;
  readonly clock: Pick<Clock, 'now'>;
}

const PATH = '/admin/ledger';
const EVENTS_A_PAGE = 20;
const HOURS = 48;
const SHOWN = 50;

const resetForm = z
  .object({ mode: z.enum(['shadow', 'live']), confirm: z.string().trim() })
  .refine(({ mode, confirm }) => mode === confirm, 'Type the word of the mode to confirm.');
const proposalForm = z.object({
  account: line(400),
  points: line(40)
    .transform((text) => parsePoints(text))
    .pipe(z.bigint('points like 12.5 or -0.25, with 12 decimals at most')),
  reason: line(200),
});

/** The ledger for Ancient Admins, and to each owner what it says of theirs. */
export function ledgerPages(deps: LedgerPagesDeps): HttpFeature {
  const { guard } = deps;
  return {
    nav: [
      { id: 'own-ledger', path: '/ledger', word: 'Ledger', group: 'scope', place: 48 },
      { id: 'ledger', path: PATH, word: 'Ledger', group: 'admin', place: 40, least: 'ancient' },
    ],
    mount(app: HubApp) {
      const admin = requireTier('ancient');
      app.use(PATH, guard, admin);
      app.use(`${PATH}/*`, guard, admin);
      mountOwn(app, deps);
      mountAdmin(app, deps);
    },
  };
}

function mountOwn(app: HubApp, { guard, tools }: LedgerPagesDeps): void {
  app.get('/ledger', guard, async (c) => {
    const { email } = viewerOf(c);
    const before = cursorOf(c.req.query('before'));
    const [head, holdings, page, refused] = await Promise.all([
      tools.book.head(),
      tools.overview.holdings(email),
      tools.events.page(email, { before, limit: EVENTS_A_PAGE }),
      before === undefined ? tools.overview.refused(SHOWN, email) : [],
    ]);
    return c.render(<OwnLedgerPage view={{ mode: head.mode, holdings, ...page, refused }} />, {
      ...{ title: 'Ledger', nav: 'own-ledger' },
    });
  });
}

function mountAdmin(app: HubApp, { tools, clock }: LedgerPagesDeps): void {
  const { book, overview, adjustments, desk } = tools;
  const show = async (c: HubContext, again: LedgerView['again'] = {}): Promise<Response> => {
    const [head, totals, hours, refused, proposed] = await Promise.all([
      ...([book.head(), overview.totals(), overview.hours(HOURS), overview.refused(SHOWN)] as const),
      adjustments.list(SHOWN),
    ]);
    const view = { head, totals, hours, refused, adjustments: proposed, now: clock.now(), again };
    return c.render(<LedgerPage view={{ ...view, email: viewerOf(c).email }} />, {
      ...{ title: 'Ledger', nav: 'ledger' },
    });
  };
  const back = (c: HubContext) => c.redirect(href(PATH), 303);
  app.get(PATH, (c) => show(c));
  app.post(`${PATH}/adjustments`, async (c) => {
    const form = await readForm(c, proposalForm);
    if (!form.ok) {
      c.status(422);
      return show(c, form);
    }
    const { account, points: amount, reason } = form.value;
    await desk.propose(viewerOf(c), { account, amount, reason });
    return back(c);
  });
  app.post(`${PATH}/adjustments/:id/:act{approve|refuse}`, async (c) => {
    const text = c.req.param('id');
    if (!/^[1-9]\d{0,14}$/.test(text)) throw notFound('This adjustment');
    const act = c.req.param('act') === 'approve' ? 'approve' : 'refuse';
    await desk[act](viewerOf(c), Number(text));
    return back(c);
  });
  app.post(`${PATH}/reset`, async (c) => {
    const form = await readForm(c, resetForm);
    if (!form.ok)
      throw new HttpError(422, 'not_confirmed', 'Nothing was reset.', {
        fix: 'Type the word of the mode to confirm.',
      });
    await desk.reset(viewerOf(c), form.value.mode);
    return back(c);
  });
  app.post(`${PATH}/:act{lock|unlock}`, async (c) => {
    await desk.lock(viewerOf(c), c.req.param('act') === 'lock');
    return back(c);
  });
}

/** `ranAt.sequence`, as the page before named it. */
function cursorOf(text: string | undefined): EventCursor | undefined {
  if (text === undefined) return undefined;
  const found = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (found === null)
    throw new HttpError(400, 'bad_cursor', 'The address names no place in the list.', {
      fix: 'Start again at the first page: /ledger.',
    });
  return { ranAt: Number(found[1]), sequence: Number(found[2]) };
}
