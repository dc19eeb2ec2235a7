export { Accounts, type AccountsOptions } from './accounts.ts';
export { localPath } from './local-path.ts';
export { LoginLinks } from './login-links.ts';
export { NODE_ROLES, NodeAccess, type NodeRole } from './node-access.ts';
export { needsConfirmation, requireFresh } from './require-fresh.ts';
export { requireTier } from './require-tier.ts';
export { watchRights } from './rights-watch.ts';
export { AccountStore } from './store.ts';
