import { formatPoints } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { csvCell } from '../csv-cell.ts';
import type { HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { Refreshed } from '../refreshed.ts';
import { LeadersPage } from './leaders-page.tsx';
import { EconomicsPage } from './page.tsx';
import type { EconomicsHead, EconomicsStore, EmissionCell } from './store.ts';

const DAY_MS = 86_400_000;
/** Days that a program gets at a time. */
const PROGRAM_DAYS = 100;
const COLUMNS = ['day', 'region', 'role', 'rule', 'points', 'as_of', 'mode'];

/** Economics for everybody: pages, CSV and JSON. They change once an hour, and are kept by whatever cache stands between. */
export function economicsRoutes({
  store,
  clock,
}: {
  store: EconomicsStore;
  clock: Pick<Clock, 'now'>;
}): HttpFeature {
  const overview = new Refreshed({ clock, load: () => store.overview() });
  return {
    nav: [
      { id: 'economics', path: '/explorer/economics', word: 'Economics', group: 'public', place: 26 },
      { id: 'leaders', path: '/explorer/leaders', word: 'Leaderboards', group: 'public', place: 27 },
    ],
    mount(app: HubApp) {
      app.get('/explorer/economics', async (c) => {
        const read = await overview.read();
        shared(c);
        const head = { title: 'Economics', nav: 'economics' };
        return c.render(<EconomicsPage overview={read} now={clock.now()} />, head);
      });
      app.get('/explorer/economics.json', async (c) => {
        const from = await firstOf(c);
        const [read, cells] = await Promise.all([overview.read(), store.cells(from, PROGRAM_DAYS)]);
        shared(c);
        if (read === undefined)
          return c.json({ asOf: null, mode: 'TEST', emission: [], supply: [], next: null });
        return c.json({
          ...toldHead(read.head),
          emission: cells.map(toldCell),
          supply: read.supply
            .filter(({ day }) => day >= from && day < from + PROGRAM_DAYS)
            .map(({ day, accounts, gini, ...sums }) => ({
              day: dayName(day),
              ...Object.fromEntries(Object.entries(sums).map(([name, units]) => [name, formatPoints(units)])),
              ...{ accounts, gini: gini / 1e6 },
            })),
          next: nextOf(from, read.head, '/explorer/economics.json'),
        });
      });
      app.get('/explorer/economics.csv', async (c) => {
        const from = await firstOf(c);
        const [read, cells] = await Promise.all([overview.read(), store.cells(from, PROGRAM_DAYS)]);
        shared(c);
        c.header('content-type', 'text/csv; charset=utf-8');
        c.header('content-disposition', 'attachment; filename="stoa-economics.csv"');
        const about = read === undefined ? [] : Object.values(toldHead(read.head));
        const lines = cells.map((cell) => {
          const { day, region, role, rule, points } = toldCell(cell);
          return [day, csvCell(region), csvCell(role), rule, points, ...about].join(',');
        });
        return c.body([COLUMNS.join(','), ...lines, ''].join('\r\n'));
      });
      app.get('/explorer/leaders', async (c) => {
        const view = await leadersOf(c);
        shared(c);
        const head = { title: 'Leaderboards', nav: 'leaders' };
        return c.render(<LeadersPage view={view} now={clock.now()} />, head);
      });
      app.get('/explorer/leaders.json', async (c) => {
        const view = await leadersOf(c);
        shared(c);
        if (view === undefined) return c.json({ asOf: null, mode: 'TEST', day: null, rows: [] });
        return c.json({
          ...{ ...toldHead(view.head), day: dayName(view.day), region: view.region, regions: view.regions },
          rows: view.rows.map(({ amount, rose, ...row }) => ({
            ...{ ...row, points: formatPoints(amount), rose: rose ?? null },
          })),
        });
      });
    },
  };

  /** From where on a program reads: the day that it names, else the first. @throws {HttpError} `bad_day`. */
  async function firstOf(c: HubContext): Promise<number> {
    const text = c.req.query('from');
    if (text === undefined) return (await overview.read())?.days[0]?.day ?? 0;
    const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(at))
      throw new HttpError(400, 'bad_day', 'The address names no day.', {
        fix: 'Name one as from=2026-11-26.',
      });
    return at / DAY_MS;
  }

  /** @throws {HttpError} 404 for a region that has no board. */
  async function leadersOf(c: HubContext) {
    const region = c.req.query('region');
    const view = await store.leaders(region);
    if (view === undefined && region !== undefined) throw notFound('A board of this region');
    return view;
  }
}

function toldHead({ asOf, mode }: EconomicsHead) {
  return { asOf: iso(asOf), mode: mode === 'live' ? 'live' : 'TEST' };
}

/** Points as text: they have more digits than a number of JSON is read with. */
function toldCell({ day, region, role, kind, amount }: EmissionCell) {
  return { day: dayName(day), region, role, rule: kind, points: formatPoints(amount) };
}

function nextOf(from: number, { asOf }: EconomicsHead, path: string): string | null {
  const next = from + PROGRAM_DAYS;
  return next * DAY_MS <= asOf ? `${path}?from=${dayName(next)}` : null;
}

function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

function shared(c: HubContext): void {
  c.header('cache-control', 'public, max-age=60');
}
