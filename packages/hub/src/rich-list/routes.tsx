import { formatPoints } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import { iso } from '../console/format.ts';
import { csvCell } from '../csv-cell.ts';
import type { HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { Refreshed } from '../refreshed.ts';
import { RichListPage } from './page.tsx';
import { FIRST_PAGE, type RichListStore, type RichPage, type RichRow } from './store.ts';

/** Rows that a program gets at a time: it goes on from the last place that it had. */
const PROGRAM_ROWS = 1_000;
const COLUMNS = ['place', 'account', 'redeemed', 'current', 'total', 'rose', 'as_of', 'mode'] as const;

/** The rich list for everybody: a page, CSV and JSON. It changes once an hour, and is kept by whatever cache stands between. */
export function richListRoutes({
  store,
  clock,
}: {
  store: RichListStore;
  clock: Pick<Clock, 'now'>;
}): HttpFeature {
  const first = new Refreshed({ clock, load: () => store.first() });
  return {
    nav: [{ id: 'rich', path: '/explorer/rich', word: 'Rich list', group: 'public', place: 25 }],
    mount(app: HubApp) {
      app.get('/explorer/rich', async (c) => {
        const after = placeIn(c);
        const account = (c.req.query('account') ?? '').trim().slice(0, 400);
        const page = account === '' ? await pageAfter(after) : await store.find(account);
        shared(c);
        const more =
          account === '' && page !== undefined && (page.rows.at(-1)?.place ?? 0) < page.head.accounts;
        const view = { page, after, account, now: clock.now(), more: more && page.rows.length > 0 };
        return c.render(<RichListPage view={view} />, { title: 'Rich list', nav: 'rich' });
      });
      app.get('/explorer/rich.json', async (c) => {
        const page = await store.after(placeIn(c), PROGRAM_ROWS);
        shared(c);
        return c.json(jsonOf(page));
      });
      app.get('/explorer/rich.csv', async (c) => {
        const page = await store.after(placeIn(c), PROGRAM_ROWS);
        shared(c);
        c.header('content-type', 'text/csv; charset=utf-8');
        c.header('content-disposition', 'attachment; filename="stoa-rich-list.csv"');
        return c.body(csvOf(page));
      });
    },
  };

  function pageAfter(after: number): Promise<RichPage | undefined> {
    return after === 0 ? first.read() : store.after(after, FIRST_PAGE);
  }
}

/** @throws {HttpError} `bad_place`. */
function placeIn(c: HubContext): number {
  const text = c.req.query('after') ?? '0';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new HttpError(400, 'bad_place', 'The address names no place in the list.', {
    fix: 'Give after= the last place that you had, or leave it out.',
  });
}

function told(row: RichRow) {
  return {
    place: row.place,
    account: row.account,
    redeemed: formatPoints(row.redeemed),
    current: formatPoints(row.current),
    total: formatPoints(row.redeemed + row.current),
    rose: row.rose ?? null,
  };
}

/** Points as text: they have more digits than a number of JSON is read with. */
function jsonOf(page: RichPage | undefined) {
  if (page === undefined) return { asOf: null, mode: 'TEST', accounts: 0, total: '0', rows: [], next: null };
  const { head, rows } = page;
  const last = rows.at(-1)?.place ?? head.accounts;
  return {
    asOf: iso(head.asOf),
    mode: head.mode === 'live' ? 'live' : 'TEST',
    accounts: head.accounts,
    total: formatPoints(head.total),
    rows: rows.map(told),
    next: last < head.accounts ? `/explorer/rich.json?after=${last}` : null,
  };
}

function csvOf(page: RichPage | undefined): string {
  const lines = (page?.rows ?? []).map((row) => {
    const { place, account, redeemed, current, total, rose } = told(row);
    const asOf = iso(page!.head.asOf);
    const mode = page!.head.mode === 'live' ? 'live' : 'TEST';
    // Balances are numbers, whatever sign they have.
    return [place, csvCell(account), redeemed, current, total, rose ?? '', asOf, mode].join(',');
  });
  return [COLUMNS.join(','), ...lines, ''].join('\r\n');
}

function shared(c: HubContext): void {
  c.header('cache-control', 'public, max-age=60');
}
