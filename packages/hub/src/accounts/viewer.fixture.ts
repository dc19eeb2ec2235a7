import type { Tier, Viewer } from '../viewer.ts';

export function someViewer(email = 'ancient@stoa.example', tier: Tier = 'ancient'): Viewer {
  return { accountId: email, email, tier, confirmedAt: 0, keyScopes: undefined };
}
