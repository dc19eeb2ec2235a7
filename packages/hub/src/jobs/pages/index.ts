export { type JobPagesDeps, jobPages } from './routes.tsx';
export { jobSources } from './source.tsx';
