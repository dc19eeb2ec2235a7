export { OwnerKeyChanges } from './key-changes.ts';
export { OwnerKeys } from './owner-keys.ts';
export { ownerKeyRoutes } from './routes.tsx';
export { type OwnerKey, OwnerKeyStore } from './store.ts';
