import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { requireTier } from '#accounts/index.ts';
import { dayText, type GasAccountStore, parseDay } from '#mint/index.ts';
import { line, readForm } from '../console/form.tsx';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Refreshed } from '../refreshed.ts';
import { viewerOf } from '../viewer.ts';
import type { Approval } from './approval-reader.ts';
import type { SweepDesk } from './desk.ts';
import { DiffPage, MOST_SLOTS } from './diff-page.tsx';
import type { DiffStore } from './diff-store.ts';
import { HistoryPage } from './history-page.tsx';
import { headsByChain, type SweepSourceDeps, watchKeys } from './source.tsx';
import type { Sweep } from './sweep.ts';
import type { SweepStore } from './sweep-store.ts';
import { TheatrePage } from './theatre-page.tsx';
import type { Waiting } from './waiting-store.ts';

export interface MintAdminDeps extends SweepSourceDeps {
  readonly store: SweepStore;
  readonly diffs: DiffStore;
  readonly waiting: Pick<Refreshed<readonly Waiting[]>, 'read'>;
  readonly gasAccounts: Pick<GasAccountStore, 'list'>;
  readonly approvalsOf: (epoch: number) => Promise<readonly Approval[]>;
  /** Undefined where this hub mints nothing. */
  readonly desk: SweepDesk | undefined;
  readonly guard: MiddlewareHandler<HttpEnv>;
}

const PATH = '/admin/mint';
const DAY = ':day{\\d{4}-\\d{2}-\\d{2}}';
const PAGE = 30;

const actForm = z.object({ act: z.enum(['resume', 'cancel']), reason: line(200) });

/** The mint for Ancient Admins; to everybody else none of it is there. */
export function mintAdminRoutes(deps: MintAdminDeps): HttpFeature {
  const { guard, store, diffs, waiting, gasAccounts, approvalsOf, desk, heads, links, clock } = deps;
  return {
    nav: [{ id: 'mint', path: PATH, word: 'Mint', group: 'admin', place: 42, least: 'ancient' }],
    mount(app: HubApp) {
      const admin = requireTier('ancient');
      app.use(PATH, guard, admin);
      app.use(`${PATH}/*`, guard, admin);
      app.get(PATH, async (c) => {
        const before = dayBefore(c);
        const found = await store.list(PAGE + 1, before);
        const view = {
          ...{ epochs: found.slice(0, PAGE), before, more: found.length > PAGE },
          ...{ gas: await gasAccounts.list(), now: clock.now() },
        };
        return c.render(<HistoryPage view={view} />, { title: 'Mint', nav: 'mint' });
      });
      app.get(`${PATH}/${DAY}`, async (c) => {
        const sweep = await sweepOf(c, store);
        const view = {
          sweep,
          waiting: await waiting.read(),
          approvals: await approvalsOf(sweep.epoch),
          heads: headsByChain(heads),
          links,
          acts: desk !== undefined,
          now: clock.now(),
        };
        const keys = watchKeys(sweep);
        return c.render(<TheatrePage view={view} />, {
          ...{ title: `Sweep of ${dayText(sweep.epoch)}`, nav: 'mint' },
          ...(keys.length > 0 && { live: liveUrl({ mint: keys }) }),
        });
      });
      app.get(`${PATH}/${DAY}/diff`, async (c) => {
        const sweep = await sweepOf(c, store);
        const chain = c.req.query('chain');
        const asked = sweep.chains.find((one) => String(one.chain) === chain)?.chain;
        const [diff, differing] = await Promise.all([
          diffs.read(sweep),
          asked === undefined ? [] : diffs.slots(sweep, asked, MOST_SLOTS),
        ]);
        const slots = asked === undefined ? undefined : { chain: asked, differing };
        return c.render(<DiffPage view={{ sweep, diff, slots }} />, {
          ...{ title: `Plan of ${dayText(sweep.epoch)}`, nav: 'mint' },
        });
      });
      app.post(`${PATH}/${DAY}/act`, async (c) => {
        const { epoch } = await sweepOf(c, store);
        if (desk === undefined) throw notFound('This act');
        const form = await readForm(c, actForm);
        if (!form.ok)
          throw new HttpError(422, 'no_reason', 'Nothing was done: a reason is missing.', {
            fix: 'Say why in a line of at most 200 characters.',
          });
        await desk.act(viewerOf(c), { epoch, ...form.value });
        return c.redirect(href(`${PATH}/${dayText(epoch)}`), 303);
      });
    },
  };
}

async function sweepOf(c: HubContext, store: Pick<SweepStore, 'find'>): Promise<Sweep> {
  const epoch = parseDay(c.req.param('day') ?? '');
  const sweep = epoch === undefined ? undefined : await store.find(epoch);
  if (sweep === undefined) throw notFound('A sweep of this day');
  return sweep;
}

/** @throws {HttpError} `bad_day`. */
export function dayBefore(c: HubContext): number | undefined {
  const text = c.req.query('before');
  if (text === undefined) return undefined;
  const day = parseDay(text);
  if (day !== undefined) return day;
  throw new HttpError(400, 'bad_day', 'The address names no day.', { fix: 'Name one as before=2026-11-26.' });
}
