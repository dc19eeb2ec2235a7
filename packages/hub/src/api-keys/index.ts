export { ApiKeys, type ApiKeysDeps } from './api-keys.ts';
export { requireKeyOrViewer, viewerWith } from './guard.ts';
export { apiKeyRoutes } from './routes.tsx';
export { ApiKeyStore } from './store.ts';
