import { parseJoinToken, toHex } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Clock } from '../clock.ts';
import { type Faults, readForm, type Typed } from '../console/form.tsx';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { EnrolmentError } from '../nodes/index.ts';
import { isAtLeast, type Viewer, viewerOf } from '../viewer.ts';
import type { ArtefactStore } from './artefact-store.ts';
import type { ChecklistReader } from './checklist-reader.ts';
import type { Installer } from './installer.ts';
import { joinForm } from './join-form.ts';
import { JoinPage, NewJoinPage } from './join-page.tsx';
import { obstaclesOf } from './obstacles.ts';
import { type Snippets, snippets } from './snippets.ts';
import type { TokenLedger } from './token-ledger.ts';
import { TokensPage } from './tokens-page.tsx';

export interface JoinRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly ledger: TokenLedger;
  readonly reader: ChecklistReader;
  readonly artefacts: Pick<ArtefactStore, 'release' | 'refused'>;
  readonly installer: Installer;
  readonly clock: Pick<Clock, 'now'>;
  /** Origin by which browsers and nodes reach the hub. */
  readonly publicUrl: string;
}

/** How long the maker's browser shows the command. */
const SHOWN_S = 15 * 60;

/** The wizard that lets a node in, and the list of tokens. */
export function joinRoutes(deps: JoinRoutesDeps): HttpFeature {
  const { guard, ledger, reader, installer, clock } = deps;
  const showForm = async (
    c: HubContext,
    again: { typed?: Typed; faults?: Faults } = {},
  ): Promise<Response> => {
    const bootstraps = isAtLeast(viewerOf(c), 'ancient');
    const page = <NewJoinPage {...{ ...again, bootstraps }} obstacles={await obstaclesOf(deps)} />;
    return c.render(page, { title: 'Add a node', nav: 'join' });
  };
  return {
    nav: [
      { id: 'join', path: '/join', word: 'Add a node', group: 'scope', place: 30 },
      { id: 'tokens', path: '/tokens', word: 'Join tokens', group: 'scope', place: 31 },
    ],
    mount(app: HubApp) {
      for (const path of ['/join', '/join/*', '/tokens', '/tokens/*']) app.use(path, guard);
      app.get('/join', (c) => showForm(c));
      app.post('/join', async (c) => {
        const viewer = viewerOf(c);
        const form = await readForm(c, joinForm);
        if (!form.ok) {
          c.status(422);
          return showForm(c, form);
        }
        const { label, tags, nodes, minutes } = form.value;
        const text = await create(ledger, viewer, { label, tags, uses: nodes, ttlMs: minutes * 60_000 });
        const tokenId = toHex(parseJoinToken(text).tokenId);
        keepForMaker(c, tokenId, text, deps.publicUrl);
        return c.redirect(href(`/join/${tokenId}`), 303);
      });
      app.get('/join/:id', async (c) => {
        const token = await ledger.get(viewerOf(c), c.req.param('id'));
        const [facts] = await reader.read([token]);
        const shown = shownSnippets(c, token.tokenId, deps);
        const page = (
          <JoinPage
            facts={facts!}
            shown={shown}
            sha256={installer.sha256}
            obstacles={await obstaclesOf(deps)}
            now={clock.now()}
          />
        );
        return c.render(page, { title: 'Add a node', nav: 'join', live: liveUrl({ join: [token.tokenId] }) });
      });
      app.get('/tokens', async (c) => {
        const page = await ledger.page(viewerOf(c), c.req.query('after'));
        return c.render(<TokensPage page={page} now={clock.now()} />, {
          title: 'Join tokens',
          nav: 'tokens',
        });
      });
      app.post('/tokens/:id/revoke', async (c) => {
        await ledger.revoke(viewerOf(c), c.req.param('id'));
        return c.redirect(href('/tokens'), 303);
      });
    },
  };
}

async function create(
  ledger: TokenLedger,
  viewer: Viewer,
  request: Parameters<TokenLedger['create']>[1],
): Promise<string> {
  try {
    return await ledger.create(viewer, request);
  } catch (cause) {
    if (!(cause instanceof EnrolmentError)) throw cause;
    throw new HttpError(422, cause.code, cause.message, { fix: 'Change it and send the form again.', cause });
  }
}

function cookieOf(tokenId: string): string {
  return `stoa_join_${tokenId.slice(0, 12)}`;
}

/**
 * The token is stored nowhere here, and a page must bear a reload: so for as long as it is shown, it lies in the browser
 * that made it, out of reach of scripts.
 */
function keepForMaker(c: HubContext, tokenId: string, text: string, publicUrl: string): void {
  setCookie(c, cookieOf(tokenId), text, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: publicUrl.startsWith('https:'),
    maxAge: SHOWN_S,
  });
}

function shownSnippets(c: HubContext, tokenId: string, deps: JoinRoutesDeps): Snippets | undefined {
  const token = getCookie(c, cookieOf(tokenId));
  // Only what this hub's own form of token can be: the cookie is the browser's word.
  if (token === undefined || !/^stoa1_[\w-]{20,600}$/.test(token)) return undefined;
  return snippets({ origin: deps.publicUrl, sha256: deps.installer.sha256, token });
}
