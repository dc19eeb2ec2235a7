import { type CryptoSuite, type HubChain, toHex } from '@stoa/protocol';
import type { HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { HourPage, HoursPage, instantName, PATH } from './hours-page.tsx';
import type { ProgramFile } from './program.ts';
import { publishedRoot } from './published-root.ts';
import type { ReceiptSource } from './sources.ts';
import { PROGRAM_PATH, VERIFY_PATH, VerifyPage } from './verify-page.tsx';

export interface ExplorerDeps {
  readonly receipts: Pick<ReceiptSource, 'roots' | 'newestRoots'>;
  readonly program: ProgramFile;
  readonly region: string;
  readonly chain: () => HubChain;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

const PAGE = 48;

/** Roots of all receipts, and the page that verifies a node's own: for everybody, the same for all. */
export function explorerRoutes(deps: ExplorerDeps): HttpFeature {
  const { receipts, program, region, chain, crypto } = deps;
  return {
    nav: [{ id: 'receipts', path: PATH, word: 'Receipts', group: 'public', place: 27 }],
    mount(app: HubApp) {
      app.get(PATH, async (c) => {
        shared(c);
        const view = await pageOf(c);
        return c.render(<HoursPage view={view} />, { title: 'Receipts', nav: 'receipts' });
      });
      app.get(`${PATH}.json`, async (c) => {
        shared(c);
        const { roots: published, more } = await pageOf(c);
        const next = more ? `${PATH}.json?before=${published.at(-1)?.number}` : null;
        return c.json({ region, roots: published, next });
      });
      app.get(VERIFY_PATH, async (c) => {
        const view = { region, root: toHex(crypto.hash(chain().root)), program: await program.load() };
        return c.render(<VerifyPage view={view} />, { title: 'Verify receipts', nav: 'receipts' });
      });
      app.get(PROGRAM_PATH, async (c) => {
        const { bytes, sha256 } = await program.load();
        const etag = `"${sha256}"`;
        c.header('etag', etag);
        c.header('cache-control', 'no-cache');
        if (c.req.header('if-none-match') === etag) return c.body(null, 304);
        c.header('content-type', 'text/javascript; charset=utf-8');
        return c.body(bytes);
      });
      app.get(`${PATH}/:hour{\\d{1,7}\\.json}`, async (c) => {
        shared(c);
        // To programs, that there is none is an answer: any other than 200 would be none.
        const found = await receipts.roots(Number(c.req.param('hour').slice(0, -'.json'.length)));
        return c.json({ region, roots: found.map(publishedRoot) });
      });
      app.get(`${PATH}/:hour{\\d{1,7}}`, async (c) => {
        shared(c);
        const hubHour = Number(c.req.param('hour'));
        const found = await receipts.roots(hubHour);
        if (found.length === 0) throw notFound('A receipt of this hour');
        return c.render(<HourPage hubHour={hubHour} roots={found.map(publishedRoot)} />, {
          ...{ title: `Receipts of ${instantName(hubHour)}`, nav: 'receipts' },
        });
      });
    },
  };

  async function pageOf(c: HubContext) {
    const before = numberBefore(c);
    const found = await receipts.newestRoots(PAGE + 1, before);
    return { roots: found.slice(0, PAGE).map(publishedRoot), before, more: found.length > PAGE };
  }
}

/** @throws {HttpError} `bad_number`. */
function numberBefore(c: HubContext): number | undefined {
  const text = c.req.query('before');
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new HttpError(400, 'bad_number', 'The address names no root.', {
    fix: 'Give before= the number of a root, or leave it out.',
  });
}

function shared(c: HubContext): void {
  c.header('cache-control', 'public, max-age=60');
}
