import type { Assets } from './assets.ts';
import { LampSprite } from './lamp.tsx';

/** What a page tells its frame. */
export interface Head {
  readonly title: string;
  /** Which entry of the navigation it belongs to. */
  readonly nav?: NavId;
  /** What the search field holds, and what a search keeps of the page's own filter. */
  readonly search?: { readonly text: string; readonly keep?: Readonly<Record<string, string>> };
  /** The one stream of the page: the address of its patches. */
  readonly live?: string;
  readonly scripts?: readonly 'uplot.js'[];
}

/** Where this console stands: said on every page. */
export interface Site {
  readonly region: string;
  readonly network: string;
}

interface Page extends Head {
  readonly site: Site;
  readonly assets: Assets;
  readonly now: number;
  readonly account?: { readonly email: string };
}

const NAV = [
  { id: 'fleet', href: '/fleet', word: 'Fleet' },
  { id: 'nodes', href: '/nodes', word: 'Nodes' },
] as const;
type NavId = (typeof NAV)[number]['id'];

/** htmx without what the content policy forbids or the console has no use for. An open `details` survives a patch. */
const HTMX = JSON.stringify({
  extensions: 'sse',
  prefix: '',
  history: false,
  includeIndicatorCSS: false,
  defaultSettleDelay: 0,
  morphIgnore: ['data-htmx-powered', 'open'],
  sse: { reconnectMaxDelay: 15_000 },
});

/** hono/jsx writes no doctype, and without one browsers lay pages out as in 1998. */
export async function renderDocument(content: string | Promise<string>, page: Page): Promise<string> {
  const body = <Document {...page}>{await content}</Document>;
  return `<!doctype html>${await body}`;
}

function Document({ children, ...page }: Page & { children: unknown }) {
  const { title, assets, account, now, live, scripts = [] } = page;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX} />
        <title>{`${title} · Stoa Hub`}</title>
        <link rel="icon" href={assets.url('favicon.svg')} type="image/svg+xml" />
        <link rel="stylesheet" href={assets.url('console.css')} />
        {live && <script src={assets.url('htmx.js')} defer />}
        {scripts.map((name) => (
          <script src={assets.url(name)} defer />
        ))}
        <script src={assets.url('console.js')} defer />
      </head>
      <body data-now={now} class={account ? 'framed' : 'bare'}>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <LampSprite />
        <Bar {...page} />
        {account && <Nav active={page.nav} />}
        <main id="main" tabindex={-1}>
          {children}
        </main>
        {live && <div id="live" hidden {...{ 'hx-sse:connect': live }} />}
      </body>
    </html>
  );
}

function Bar({ site, account, search, live }: Page) {
  return (
    <header class="bar">
      <a class="brand" href="/">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M2 8 12 3l10 5v2H2zM4 12h3v7H4zM10.500 12h3v7h-3zM17 12h3v7h-3zM2 20h20v1.500H2z" />
        </svg>
        Stoa
      </a>
      {account && (
        <search>
          <form action="/nodes" class="search">
            <label class="away" for="search">
              Search nodes
            </label>
            <input
              id="search"
              name="q"
              type="search"
              value={search?.text ?? ''}
              placeholder="Search label, owner, region or id"
              autocomplete="off"
              spellcheck={false}
              maxlength={100}
            />
            {Object.entries(search?.keep ?? {}).map(([name, value]) => (
              <input type="hidden" name={name} value={value} />
            ))}
            <kbd aria-hidden="true">/</kbd>
          </form>
        </search>
      )}
      <p class="place">
        {live && (
          <span id="stream" class="stream" role="status">
            <span class="stream-dot" aria-hidden="true" />
            <span class="stream-word" />
          </span>
        )}
        <span title="Region">{site.region}</span>
        <span title="Network">{site.network}</span>
      </p>
      {account && (
        <form action="/sign-out" method="post" class="account">
          <span class="account-email" title="Signed in as">
            {account.email}
          </span>
          <button type="submit" class="quiet">
            Sign out
          </button>
        </form>
      )}
    </header>
  );
}

function Nav({ active }: { active: NavId | undefined }) {
  return (
    <nav class="nav" aria-label="Main">
      <ul>
        {NAV.map(({ id, href, word }) => (
          <li>
            <a href={href} aria-current={id === active ? 'page' : undefined}>
              {word}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
