export { type Account, Accounts } from './accounts.ts';
export { accountRoutes } from './routes.tsx';
export { AccountStore } from './store.ts';
