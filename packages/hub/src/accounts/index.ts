export { Accounts } from './accounts.ts';
export {
  type Audience,
  audienceOf,
  EVERYTHING,
  NODE_ROLES,
  NodeAccess,
  type NodeRole,
} from './node-access.ts';
export { needsConfirmation, requireFresh } from './require-fresh.ts';
export { accountRoutes } from './routes.tsx';
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
