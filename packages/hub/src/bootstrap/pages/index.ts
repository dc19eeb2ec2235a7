export type { BootstrapPagesDeps } from './deps.ts';
export { bootstrapPages } from './routes.tsx';
