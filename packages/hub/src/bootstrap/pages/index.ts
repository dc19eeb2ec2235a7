export { type BootstrapPagesDeps, bootstrapPages } from './routes.tsx';
