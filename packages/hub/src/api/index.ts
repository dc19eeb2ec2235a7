export { type ApiDeps, apiRoutes } from './api.tsx';
export { scoreAnswer } from './scores.ts';
