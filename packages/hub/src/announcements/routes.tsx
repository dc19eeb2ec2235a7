import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { requireTier } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import { parseSelector } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import { readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import { SelectorError } from '../selector/index.ts';
import { audienceOf, EVERYTHING, viewerOf } from '../viewer.ts';
import { banners } from './banner.ts';
import { AnnouncementsPage, type AnnouncementsView, DURATIONS } from './page.tsx';
import type { AnnouncementStore } from './store.ts';

export interface AnnouncementDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly store: AnnouncementStore;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

const HOUR_MS = 3_600_000;
const FURTHEST_MS = 90 * 24 * HOUR_MS;

const draft = z.strictObject({
  // Lines may break; other control characters have no place in a page or a mail.
  body: z
    .string('1 to 1,000 characters')
    .transform((text) => text.replaceAll('\r\n', '\n').trim())
    .pipe(
      z
        .string()
        .min(1, '1 to 1,000 characters')
        .max(1_000, '1 to 1,000 characters')
        .regex(/^[^\p{Cc}]*(?:[\n\t][^\p{Cc}]*)*$/u, 'plain text, without control characters'),
    ),
  level: z.enum(['info', 'caution', 'urgent'], 'Choose one of the levels.'),
  hours: z.enum(Object.keys(DURATIONS) as [keyof typeof DURATIONS], 'Choose one of the terms.'),
  from: z.union(
    [z.literal(''), z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/)],
    'a day and time like 2026-11-25T18:00, or empty',
  ),
  selector: z.string('a selector').trim().max(500, 'at most 500 characters'),
  mailed: z.enum(['', 'yes'], 'yes or nothing').default(''),
});

/** What the hub's admins tell owners: their page, and the banner in everybody's frame. */
export function announcementRoutes({ guard, store, audit, clock }: AnnouncementDeps): HttpFeature {
  const admin = requireTier('ancient');
  const current = new RefreshedByKey({
    clock,
    load: (audience) => {
      const [everything, email = ''] = audience.split(' ');
      return store.current({ email, everything: everything === 'all' }, clock.now());
    },
  });
  const show = async (c: HubContext, again: AnnouncementsView['again'] = {}): Promise<Response> => {
    const view = { announcements: await store.list(), now: clock.now(), again };
    return c.render(<AnnouncementsPage view={view} />, { title: 'Announcements', nav: 'announcements' });
  };
  return {
    nav: [
      {
        ...{ id: 'announcements', path: '/admin/announcements', word: 'Announcements' },
        ...{ group: 'admin', place: 60, least: 'ancient' },
      },
    ],
    slots: {
      top: async (viewer) => {
        const everything = audienceOf(viewer) === EVERYTHING;
        return banners(await current.read(everything ? 'all' : `own ${viewer.email}`));
      },
    },
    mount(app: HubApp) {
      app.use('/admin/announcements', guard, admin);
      app.use('/admin/announcements/*', guard, admin);
      app.get('/admin/announcements', (c) => show(c));
      app.post('/admin/announcements', async (c) => {
        const form = await readForm(c, draft);
        const read = form.ok ? judged(form.value, clock.now()) : form;
        if (!read.ok) {
          c.status(422);
          return show(c, form.ok ? { ...read, typed: form.value } : form);
        }
        const { email } = viewerOf(c);
        const { level, body, selector, startsAt, endsAt, mailed } = read.value;
        await audit.append({
          actor: email,
          act: 'announcement.make',
          subject: '',
          detail: { level, body, selector, startsAt, endsAt, mailed },
        });
        await store.add(read.value, { email, now: clock.now(), mailed });
        return c.redirect(href('/admin/announcements'), 303);
      });
      app.post('/admin/announcements/:id/withdraw', async (c) => {
        const text = c.req.param('id');
        if (!/^[1-9]\d{0,14}$/.test(text)) throw notFound('This announcement');
        await audit.append({ actor: viewerOf(c).email, act: 'announcement.withdraw', subject: text });
        if (!(await store.withdraw(Number(text), clock.now()))) throw notFound('This announcement');
        return c.redirect(href('/admin/announcements'), 303);
      });
    },
  };
}

/** What no schema can say: the instant is near enough, and the selector is one. */
function judged(typed: z.infer<typeof draft>, now: number) {
  const { level, body, selector, from, hours, mailed } = typed;
  const startsAt = from === '' ? now : Date.parse(`${from}:00Z`);
  if (!Number.isFinite(startsAt) || Math.abs(startsAt - now) > FURTHEST_MS)
    return { ok: false, faults: { from: 'a day within 90 days from now' } } as const;
  try {
    if (selector !== '') parseSelector(selector);
  } catch (error) {
    if (error instanceof SelectorError) return { ok: false, faults: { selector: error.message } } as const;
    throw error;
  }
  const endsAt = startsAt + Number(hours) * HOUR_MS;
  return { ok: true, value: { level, body, selector, startsAt, endsAt, mailed: mailed === 'yes' } } as const;
}
