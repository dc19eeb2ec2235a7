import type { MiddlewareHandler } from 'hono';
import type { Clock } from '../clock.ts';
import { type Faults, readForm, type Typed } from '../console/form.tsx';
import type { Markup } from '../console/markup.ts';
import { markup } from '../console/markup.ts';
import { href } from '../console/scope.ts';
import type { AllowedAddresses } from '../egress-addresses.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { audienceOf, isAtLeast, type Viewer, viewerOf } from '../viewer.ts';
import { type AlertFilter, type AlertReader, PAGE_ROWS } from './alert-reader.ts';
import type { ChannelStore } from './channel-store.ts';
import { ChannelsPage, type ChannelsPageProps } from './channels-page.tsx';
import { DeliveriesPage } from './deliveries-page.tsx';
import type { AlertDesk } from './desk.ts';
import { channelForm, codeForm, muteForm, ruleForm, silenceForm } from './forms.ts';
import { AlertHistoryPage, OpenAlertsPage } from './list-page.tsx';
import { isAccountRuleId, isRegionRuleId, isRuleId, RULES } from './rule.ts';
import type { RuleStore } from './rule-store.ts';
import { RulesPage, type RulesPageProps } from './rules-page.tsx';
import type { SelectorLanguage } from './scope.ts';
import type { SilenceStore } from './silence-store.ts';
import { SilencesPage } from './silences-page.tsx';

export interface AlertRoutesDeps {
  /** What webhooks may reach. */
  readonly allowed: AllowedAddresses;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Pick<Clock, 'now'>;
  readonly reader: AlertReader;
  readonly desk: AlertDesk;
  readonly rules: RuleStore;
  readonly channels: ChannelStore;
  readonly silences: SilenceStore;
  readonly language: SelectorLanguage;
  /** Of the bell. */
  readonly openCount: (viewer: Viewer) => Promise<number>;
}

const HOUR = 3_600_000;

/** The pages of alerts, and the bell on every page. */
export function alertRoutes(deps: AlertRoutesDeps): HttpFeature {
  return {
    nav: [{ id: 'alerts', path: '/alerts', word: 'Alerts', group: 'scope', place: 40 }],
    slots: { bar: async (viewer) => bell(await deps.openCount(viewer)) },
    mount(app: HubApp) {
      app.use('/alerts', deps.guard);
      app.use('/alerts/*', deps.guard);
      mountLists(app, deps);
      mountRules(app, deps);
      mountChannels(app, deps);
      mountSilences(app, deps);
    },
  };
}

function bell(count: number): Markup {
  const word = count === 0 ? 'No open alert' : count === 1 ? '1 open alert' : `${count} open alerts`;
  return markup`<a class="bell${count > 0 && markup` is-ringing`}" href="${href('/alerts')}" title="${word}"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 2a4 4 0 0 0-4 4v3l-1 2h10l-1-2V6a4 4 0 0 0-4-4zM6.500 13a1.500 1.500 0 0 0 3 0"/></svg><span class="away">${word}</span>${count > 0 && markup`<span class="bell-count" aria-hidden="true">${count > 99 ? '99+' : count}</span>`}</a>`;
}

function mountLists(app: HubApp, { reader, clock }: AlertRoutesDeps): void {
  app.get('/alerts', async (c) => {
    const audience = audienceOf(viewerOf(c));
    const filter = filterOf(c);
    const [alerts, total] = await Promise.all([reader.open(audience, filter), reader.openCount(audience)]);
    return c.render(<OpenAlertsPage {...{ alerts, total, filter }} now={clock.now()} />, head('Alerts'));
  });
  app.get('/alerts/history', async (c) => {
    const filter = filterOf(c);
    const rows = await reader.history(audienceOf(viewerOf(c)), filter, beforeOf(c));
    const changes = rows.slice(0, PAGE_ROWS);
    const next = rows.length > PAGE_ROWS ? changes.at(-1)?.id : undefined;
    return c.render(
      <AlertHistoryPage {...{ changes, next, filter }} now={clock.now()} />,
      head('Alert history'),
    );
  });
  app.get('/alerts/deliveries', async (c) => {
    const rows = await reader.deliveries(viewerOf(c).email, beforeOf(c));
    const deliveries = rows.slice(0, PAGE_ROWS);
    const next = rows.length > PAGE_ROWS ? deliveries.at(-1)?.seq : undefined;
    return c.render(<DeliveriesPage {...{ deliveries, next }} now={clock.now()} />, head('Deliveries'));
  });
}

function mountRules(app: HubApp, { desk, rules, language }: AlertRoutesDeps): void {
  const show = async (c: HubContext, tried?: RulesPageProps['tried']) => {
    const settings = await rules.ofOwner(viewerOf(c).email);
    return c.render(<RulesPage {...{ settings, tried }} />, head('Alert rules'));
  };
  app.get('/alerts/rules', (c) => show(c));
  app.post('/alerts/rules/:rule', async (c) => {
    const rule = ruleOf(c);
    const form = await readForm(
      c,
      ruleForm({ problem: language.problem, leastDelayMs: RULES[rule].leastDelayMs }),
    );
    if (!form.ok) {
      c.status(422);
      return show(c, { rule, ...form });
    }
    const { enabled, minutes, selector } = form.value;
    await desk.setRule(viewerOf(c), rule, { enabled: enabled === 'on', delayMs: minutes * 60_000, selector });
    return c.redirect(href(`/alerts/rules#rule-${rule}`), 303);
  });
  app.post('/alerts/rules/:rule/reset', async (c) => {
    const rule = ruleOf(c);
    await desk.setRule(viewerOf(c), rule, undefined);
    return c.redirect(href(`/alerts/rules#rule-${rule}`), 303);
  });
}

function mountChannels(app: HubApp, { desk, channels, clock, allowed }: AlertRoutesDeps): void {
  const show = async (c: HubContext, shown: Omit<ChannelsPageProps, 'channels' | 'now'> = {}) => {
    const now = clock.now();
    const held = await channels.ofOwner(viewerOf(c).email, now);
    return c.render(<ChannelsPage channels={held} now={now} {...shown} />, head('Alert channels'));
  };
  app.get('/alerts/channels', (c) => {
    const said =
      c.req.query('tested') === undefined
        ? undefined
        : 'The test is on its way: the log of deliveries tells what became of it.';
    return show(c, { said });
  });
  app.post('/alerts/channels', async (c) => {
    const form = await readForm(c, channelForm(allowed));
    if (!form.ok) return refused(c, show, form);
    const { secret } = await desk.addChannel(viewerOf(c), form.value);
    // No redirect: the key is in this answer and nowhere else.
    return secret === undefined ? c.redirect(href('/alerts/channels'), 303) : show(c, { made: secret });
  });
  app.post('/alerts/channels/:id/confirm', async (c) => {
    const id = idOf(c);
    const form = await readForm(c, codeForm);
    const right = form.ok && (await desk.confirm(viewerOf(c), id, form.value.code));
    if (right) return c.redirect(href('/alerts/channels'), 303);
    return refused(c, show, { typed: {}, faults: { [`code ${id}`]: 'That is not the code that was sent.' } });
  });
  app.post('/alerts/channels/:id/test', async (c) => {
    await desk.testChannel(viewerOf(c), idOf(c));
    return c.redirect(href('/alerts/channels?tested'), 303);
  });
  app.post('/alerts/channels/:id/remove', async (c) => {
    await desk.removeChannel(viewerOf(c), idOf(c));
    return c.redirect(href('/alerts/channels'), 303);
  });
  for (const act of ['enable', 'disable'] as const)
    app.post(`/alerts/channels/:id/${act}`, async (c) => {
      await desk.enableChannel(viewerOf(c), idOf(c), act === 'enable');
      return c.redirect(href('/alerts/channels'), 303);
    });
}

function refused(
  c: HubContext,
  show: (c: HubContext, shown: { typed: Typed; faults: Faults }) => Promise<Response>,
  { typed, faults }: { typed: Typed; faults: Faults },
): Promise<Response> {
  c.status(422);
  return show(c, { typed, faults });
}

function mountSilences(app: HubApp, { desk, silences, language, clock }: AlertRoutesDeps): void {
  const show = async (c: HubContext, shown: { typed?: Typed; faults?: Faults } = {}) => {
    const viewer = viewerOf(c);
    const now = clock.now();
    const mayRegion = isAtLeast(viewer, 'ancient');
    const held = await silences.current(mayRegion ? undefined : viewer.email, now);
    return c.render(<SilencesPage silences={held} {...{ now, mayRegion }} {...shown} />, head('Maintenance'));
  };
  app.get('/alerts/maintenance', (c) => show(c));
  app.post('/alerts/maintenance', async (c) => {
    const form = await readForm(c, silenceForm(language.problem));
    if (!form.ok) return refused(c, show, form);
    const { kind, who = 'mine', selector, rule, from, hours, reason } = form.value;
    const begins = from === '' ? clock.now() : Date.parse(`${from}Z`);
    const until = begins + Number(hours) * HOUR;
    if (until <= clock.now())
      return refused(c, show, { typed: typedOf(form.value), faults: { from: 'It would be over already.' } });
    const silence = {
      kind,
      selector,
      rule: rule || undefined,
      from: begins,
      until,
      reason,
      nodeId: undefined,
    };
    await desk.addSilence(viewerOf(c), silence, who);
    return c.redirect(href('/alerts/maintenance'), 303);
  });
  app.post('/alerts/mute', async (c) => {
    const form = await readForm(c, muteForm);
    if (!form.ok)
      throw new HttpError(
        422,
        'bad_form',
        `This can not be muted: ${Object.values(form.faults).join(', ')}.`,
        {
          fix: 'Use the form beside the alert.',
        },
      );
    const { node, rule, hours } = form.value;
    const from = clock.now();
    const until = from + Number(hours) * HOUR;
    const muted = {
      kind: 'mute',
      nodeId: node,
      selector: '',
      rule,
      from,
      until,
      reason: 'muted at the alert',
    } as const;
    await desk.addSilence(viewerOf(c), muted);
    return c.redirect(href('/alerts'), 303);
  });
  app.post('/alerts/silences/:id/cancel', async (c) => {
    await desk.cancelSilence(viewerOf(c), idOf(c));
    return c.redirect(href('/alerts/maintenance'), 303);
  });
}

const typedOf = (value: Readonly<Record<string, string | undefined>>): Typed =>
  Object.fromEntries(Object.entries(value).map(([name, text]) => [name, text ?? '']));

function head(title: string) {
  return { title, nav: 'alerts' };
}

function ruleOf(c: HubContext) {
  const rule = c.req.param('rule') ?? '';
  if (!isRuleId(rule)) throw notFound('This rule');
  return rule;
}

/** @throws {HttpError} `not_found` for what no id is, so that it never meets the database. */
function idOf(c: HubContext): string {
  const id = c.req.param('id') ?? '';
  if (!/^[^\s\p{Cc}]{1,300}$/u.test(id)) throw notFound('This');
  return id;
}

const LONGEST_TEXT = 64;

/** @throws {HttpError} `bad_filter`. */
function filterOf(c: HubContext): AlertFilter {
  const rule = c.req.query('rule') || undefined;
  const text = (c.req.query('text') ?? '').trim();
  if (rule !== undefined && ![isRuleId, isRegionRuleId, isAccountRuleId].some((is) => is(rule)))
    throw new HttpError(400, 'bad_filter', `There is no rule '${rule.slice(0, 40)}'.`, {
      fix: 'Choose one of the list.',
    });
  if (text.length > LONGEST_TEXT || text.includes('\0'))
    throw new HttpError(400, 'bad_filter', `A label has at most ${LONGEST_TEXT} characters.`, {
      fix: 'Shorten it.',
    });
  return { rule, text };
}

/** @throws {HttpError} `bad_place`. */
function beforeOf(c: HubContext): number | undefined {
  const text = c.req.query('before');
  if (text === undefined) return undefined;
  const place = Number(text);
  if (!/^\d{1,15}$/.test(text) || !Number.isSafeInteger(place))
    throw new HttpError(400, 'bad_place', `'${text.slice(0, 40)}' is no place in the list.`, {
      fix: 'Start from its beginning.',
    });
  return place;
}
