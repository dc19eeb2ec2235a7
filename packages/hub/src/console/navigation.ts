import { isAtLeast, type Tier, type Viewer } from '../viewer.ts';
import { Markup, markup } from './markup.ts';
import { href } from './scope.ts';

/** A page that stands in the navigation. Its feature declares it: what isn't mounted has no entry. */
export interface NavEntry {
  /** What `Head.nav` of the page says. */
  readonly id: string;
  readonly path: string;
  readonly word: string;
  /** `public`: for whoever is not signed in. */
  readonly group: 'scope' | 'admin' | 'public';
  /** Entries of a group stand in this order. */
  readonly place: number;
  /** Who may see the page at least; everybody who is signed in where it is left out. */
  readonly least?: Tier;
}

const CURRENT = new Markup(' aria-current="page"');

/** The pages that the viewer may see. */
export function navigation(
  entries: readonly NavEntry[],
  viewer: Pick<Viewer, 'tier'>,
  active: string | undefined,
): Markup {
  const seen = entries
    .filter(({ least }) => least === undefined || isAtLeast(viewer, least))
    .sort((a, b) => a.place - b.place);
  const list = (group: NavEntry['group']) =>
    seen
      .filter((entry) => entry.group === group)
      .map(
        ({ id, path, word }) =>
          markup`<li><a href="${href(path)}"${id === active && CURRENT}>${word}</a></li>`,
      );
  const admin = list('admin');
  return markup`<nav class="nav" aria-label="Main"><ul>${list('scope')}</ul>${
    admin.length > 0 &&
    markup`<p class="nav-group" id="nav-admin">Admin</p><ul aria-labelledby="nav-admin">${admin}</ul>`
  }</nav>`;
}

/** The pages for everybody. */
export function publicNavigation(
  entries: readonly NavEntry[],
  active: string | undefined,
): Markup | undefined {
  const seen = entries.filter(({ group }) => group === 'public').sort((a, b) => a.place - b.place);
  if (seen.length === 0) return undefined;
  const links = seen.map(
    ({ id, path, word }) => markup`<li><a href="${path}"${id === active && CURRENT}>${word}</a></li>`,
  );
  return markup`<nav class="public-nav" aria-label="Public pages"><ul>${links}</ul></nav>`;
}
