export { Accounts, type AccountsOptions } from './accounts.ts';
export { localPath } from './local-path.ts';
export { LoginLinks } from './login-links.ts';
export {
  type Audience,
  audienceOf,
  EVERYTHING,
  NODE_ROLES,
  NodeAccess,
  type NodeRole,
} from './node-access.ts';
export { needsConfirmation, requireFresh } from './require-fresh.ts';
export { requireTier } from './require-tier.ts';
export { watchRights } from './rights-watch.ts';
export { accountRoutes } from './routes.ts';
export { AccountStore } from './store.ts';
export {
  FRESH_MS,
  holdsScope,
  isAtLeast,
  isFresh,
  KEY_SCOPES,
  type KeyScope,
  TIERS,
  type Tier,
  type Viewer,
  viewerOf,
} from './viewer.ts';
