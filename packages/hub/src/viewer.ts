/** From the most to the least that they may (domain.md, People). */
export const TIERS = ['ancient', 'modern', 'baron', 'operator'] as const;
export type Tier = (typeof TIERS)[number];

/** What an API key was made for; a person in a browser has all that the tier allows. */
export const KEY_SCOPES = [
  'nodes:read',
  'nodes:write',
  'tokens:write',
  'audit:read',
  'jobs:read',
  'jobs:write',
] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** Who asks: exactly one account, however many are signed in beside it. */
export interface Viewer {
  readonly accountId: string;
  readonly email: string;
  readonly tier: Tier;
  /** When the person last proved to be there (password, passkey, one-time link); milliseconds since 1970. */
  readonly confirmedAt: number;
  /** Of the API key that asks; undefined for a person. */
  readonly keyScopes: readonly KeyScope[] | undefined;
}

/** Who asks, where the route has the guard. */
export function viewerOf(c: { get(name: 'viewer'): Viewer | undefined }): Viewer {
  const viewer = c.get('viewer');
  if (viewer === undefined) throw new TypeError('the route is mounted without the guard');
  return viewer;
}

/** How recent a proof of presence must be for what destroys, changes owners or shows secrets. */
export const FRESH_MS = 5 * 60_000;

export function isFresh(viewer: Viewer, now: number): boolean {
  return viewer.keyScopes === undefined && now - viewer.confirmedAt < FRESH_MS;
}

/** Whether the viewer stands at least as high as `tier`. A Baron is an Operator with a place on the registry. */
export function isAtLeast(viewer: Pick<Viewer, 'tier'>, tier: Tier): boolean {
  return TIERS.indexOf(viewer.tier) <= TIERS.indexOf(tier);
}

export function holdsScope(viewer: Viewer, scope: KeyScope): boolean {
  return viewer.keyScopes?.includes(scope) ?? true;
}

/** Which tiers the viewer may give to an account of tier `from`: an Ancient any, a Modern takes a Modern back to Operator. */
export function tiersFor(viewer: Pick<Viewer, 'tier'>, from: Tier): readonly Tier[] {
  if (viewer.tier === 'ancient') return TIERS;
  return viewer.tier === 'modern' && from === 'modern' ? ['operator'] : [];
}

/** Those who see the same nodes, as a key of what is computed for them: '' for whoever sees all, else an e-mail. */
export type Audience = string;
export const EVERYTHING: Audience = '';

export function audienceOf(viewer: Viewer): Audience {
  return isAtLeast(viewer, 'ancient') ? EVERYTHING : viewer.email;
}
