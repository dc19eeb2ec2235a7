import { dayText, parseDay } from '#mint/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { Refreshed } from '../refreshed.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import { PATH } from './explorer-path.ts';
import type { TransactionLinks } from './links.ts';
import { MintPage } from './mint-page.tsx';
import { MintsPage } from './mints-page.tsx';
import { publishedEpoch, publishedSweep } from './published.ts';
import { dayBefore } from './routes.tsx';
import type { Sweep } from './sweep.ts';
import type { SweepStore } from './sweep-store.ts';

export interface MintExplorerDeps {
  readonly store: SweepStore;
  readonly links: TransactionLinks;
  /** Where browsers reach this hub. */
  readonly origin: string;
  readonly clock: Pick<Clock, 'now'>;
}

const PAGE = 30;
const DAY = '\\d{4}-\\d{2}-\\d{2}';
const PART = ':chain{\\d}/:batch{\\d{1,4}}';

/** Mints for everybody, as pages and as JSON, kept by whatever cache stands between. */
export function mintExplorerRoutes({ store, links, origin, clock }: MintExplorerDeps): HttpFeature {
  const newest = new Refreshed({ clock, load: () => store.list(PAGE + 1) });
  const days = new RefreshedByKey({ clock, load: (epoch) => store.find(Number(epoch)) });
  return {
    nav: [{ id: 'mints', path: PATH, word: 'Mints', group: 'public', place: 28 }],
    mount(app: HubApp) {
      app.get(PATH, async (c) => {
        const view = await pageOf(c);
        shared(c);
        return c.render(<MintsPage view={{ ...view, now: clock.now() }} />, { title: 'Mints', nav: 'mints' });
      });
      app.get(`${PATH}.json`, async (c) => {
        const { epochs, more } = await pageOf(c);
        shared(c);
        const next = more ? `${PATH}.json?before=${dayText(epochs.at(-1)!.epoch)}` : null;
        return c.json({ mints: epochs.map(publishedEpoch), next });
      });
      app.get(`${PATH}/:day{${DAY}\\.json}`, async (c) => {
        const sweep = await sweepOf(c.req.param('day').slice(0, -'.json'.length));
        shared(c);
        return c.json(publishedSweep(sweep));
      });
      app.get(`${PATH}/:day{${DAY}}`, async (c) => {
        const sweep = await sweepOf(c.req.param('day'));
        shared(c);
        const view = { sweep: publishedSweep(sweep), mode: sweep.mode, links, origin };
        return c.render(<MintPage view={view} />, { title: `Mint of ${dayText(sweep.epoch)}`, nav: 'mints' });
      });
      app.get(`${PATH}/:day{${DAY}}/${PART}/:file{cmd|deltas}`, async (c) => {
        const { day, chain, batch, file } = c.req.param();
        const epoch = parseDay(day);
        const told =
          epoch === undefined
            ? undefined
            : await store.told(epoch, { chain: Number(chain), batch: Number(batch) });
        if (told === undefined) throw notFound('A batch that was sent');
        // What was sent once stays; a later attempt has other bytes of the command.
        shared(c, file === 'deltas' ? 86_400 : 60);
        return c.text(file === 'cmd' ? told.cmd : told.deltas);
      });
    },
  };

  async function pageOf(c: HubContext) {
    const before = dayBefore(c);
    const found = before === undefined ? await newest.read() : await store.list(PAGE + 1, before);
    return { epochs: found.slice(0, PAGE), before, more: found.length > PAGE };
  }

  async function sweepOf(day: string): Promise<Sweep> {
    const epoch = parseDay(day);
    const sweep = epoch === undefined ? undefined : await days.read(String(epoch));
    if (sweep === undefined) throw notFound('A mint of this day');
    return sweep;
  }
}

function shared(c: HubContext, seconds = 60): void {
  c.header('cache-control', `public, max-age=${seconds}`);
}
