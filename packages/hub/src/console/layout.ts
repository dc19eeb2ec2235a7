import type { Viewer } from '../viewer.ts';
import type { Assets } from './assets.ts';
import { lampSprite } from './lamp.ts';
import { Markup, markup } from './markup.ts';
import { type NavEntry, navigation, publicNavigation } from './navigation.ts';
import { href, scopeBase } from './scope.ts';

/** What a page tells its frame. */
export interface Head {
  readonly title: string;
  /** Which entry of the navigation it belongs to. */
  readonly nav?: string;
  /** What the search field holds, and what a search keeps of the page's own filter. */
  readonly search?: { readonly text: string; readonly keep?: Readonly<Record<string, string>> };
  /** The one stream of the page: the address of its patches. */
  readonly live?: string;
  readonly scripts?: readonly ('uplot.js' | 'order.js' | 'owner-key.js' | 'passkey.js' | 'payout.js')[];
}

/** Where this console stands: said on every page. */
export interface Site {
  readonly region: string;
  readonly network: string;
}

export interface Page extends Head {
  readonly site: Site;
  readonly assets: Assets;
  readonly now: number;
  readonly viewer?: Pick<Viewer, 'email' | 'tier'>;
  /** E-mails of all accounts that are signed in within this browser. */
  readonly signedIn?: readonly string[];
  readonly entries: readonly NavEntry[];
  /** What features put into the frame of those who are signed in. */
  readonly slots?: Slots;
}

/** What stands on every page by the word of a feature: at the end of the bar, and above the content. */
export interface Slots {
  readonly bar?: Markup | undefined;
  readonly top?: Markup | undefined;
}

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

const SPRITE = lampSprite();

/** A whole page around its content, which is rendered already. */
export async function renderDocument(content: string | Promise<string>, page: Page): Promise<string> {
  const { title, assets, viewer, now, live, entries, slots, scripts = [] } = page;
  const body = new Markup(String(await content));
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content="${HTMX}">
<title>${title} &#183; Stoa Hub</title>
<link rel="icon" href="${assets.url('favicon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.url('console.css')}">
${live !== undefined && script(assets.url('htmx.js'))}
${scripts.map((name) => script(assets.url(name)))}
${script(assets.url('console.js'))}
${viewer !== undefined && script(assets.url('palette.js'))}
${viewer !== undefined && script(assets.url('search.js'))}
</head>
<body data-now="${now}" class="${viewer ? 'framed' : 'bare'}">
<a class="skip" href="#main">Skip to content</a>
${SPRITE}
${bar(page)}
${viewer !== undefined && navigation(entries, viewer, page.nav)}
<main id="main" tabindex="-1">${slots?.top}${body}</main>
${viewer !== undefined && palette()}
${live !== undefined && markup`<div id="live" hidden hx-sse:connect="${live}"></div>`}
</body>
</html>`.text;
}

function script(url: string): Markup {
  return markup`<script src="${url}" defer></script>`;
}

function bar({ site, viewer, search, live, slots, entries, nav, signedIn = [] }: Page): Markup {
  return markup`<header class="bar">
<a class="brand" href="/"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2 8 12 3l10 5v2H2zM4 12h3v7H4zM10.500 12h3v7h-3zM17 12h3v7h-3zM2 20h20v1.500H2z"/></svg>Stoa</a>
${viewer === undefined ? publicNavigation(entries, nav) : searchForm(search)}
<p class="place">${live !== undefined && STREAM}<span title="Region">${site.region}</span><span title="Network">${site.network}</span></p>
${slots?.bar}
${viewer === undefined && SIGN_IN}
${viewer !== undefined && scopeMenu(viewer.email, signedIn)}
</header>`;
}

/** Which account is in scope, the others that are signed in here, and the way out. */
function scopeMenu(email: string, signedIn: readonly string[]): Markup {
  const others = signedIn
    .filter((other) => other !== email)
    .map((other) => markup`<li><a href="${scopeBase(other)}/fleet">${other}</a></li>`);
  const all =
    others.length > 0 &&
    markup`<button type="submit" name="all" value="1" class="quiet">Sign out all</button>`;
  return markup`<details class="scope"><summary aria-label="Account ${email}"><span class="account-email" title="In scope">${email}</span></summary>
<div class="scope-menu"><p class="scope-me">${email}</p>${others.length > 0 && markup`<p>Switch to</p><ul>${others}</ul>`}<ul><li><a href="${href('/settings/security')}">Settings</a></li><li><a href="/sign-in?add">Add another account</a></li></ul>
<form action="${href('/sign-out')}" method="post"><button type="submit" class="quiet">Sign out</button>${all}</form></div></details>`;
}

/** Words by style sheet: without script there is no stream, and nothing to say of it. */
const STREAM = markup`<span class="stream" role="status"><span class="stream-dot" aria-hidden="true"></span><span class="stream-word"></span></span>`;

/** Leads home where somebody is signed in already. */
const SIGN_IN = markup`<a class="quiet sign-in" href="/sign-in">Sign in</a>`;

function searchForm(search: Head['search']): Markup {
  const kept = Object.entries(search?.keep ?? {}).map(
    ([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`,
  );
  return markup`<search><form action="${href('/nodes')}" class="search"><label class="away" for="search">Search nodes</label><input id="search" name="q" type="search" value="${search?.text}" placeholder="Search, or state:offline -tag:lab" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000" data-suggest="${href('/nodes/suggest')}">${kept}<kbd aria-hidden="true">/</kbd><ul id="search-list" class="suggestions" role="listbox" aria-label="Completions" hidden></ul></form></search>`;
}

/** Filled and opened by script: without it nothing is lost, since all of it is links that stand on the page. */
function palette(): Markup {
  return markup`<dialog id="palette" class="palette" aria-label="Go to" data-suggest="${href('/palette')}" data-nodes="${href('/nodes')}">
<input id="palette-input" type="search" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label="Page, node or action" placeholder="Page, node or action" autocomplete="off" spellcheck="false" maxlength="100">
<ul id="palette-list" class="palette-list" role="listbox" aria-label="Matches"></ul>
<p class="palette-hint"><kbd>&#8593;</kbd> <kbd>&#8595;</kbd> choose <kbd>Enter</kbd> open <kbd>Esc</kbd> close</p>
</dialog>
<dialog id="keys" class="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keyboard</h2>
<dl class="facts">${KEYS.map(([keys, what]) => markup`<dt>${keys.map((key) => markup`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`)}</dl>
<form method="dialog"><button class="quiet">Close</button></form></dialog>`;
}

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [['Ctrl', 'K'], 'go to a page, a node or an action'],
  [['/'], 'search nodes'],
  [['j', 'k'], 'down and up a list'],
  [['[', ']'], 'previous and next page'],
  [['?'], 'these keys'],
];
