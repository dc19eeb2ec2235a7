export { type ApiDeps, apiRoutes } from './api.tsx';
