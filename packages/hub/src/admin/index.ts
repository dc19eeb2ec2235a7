export { adminRoutes } from './routes.tsx';
export { AdminStore } from './store.ts';
