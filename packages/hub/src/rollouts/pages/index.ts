export { rolloutPages } from './routes.tsx';
export { rolloutSource } from './source.tsx';
