export { ParameterFields, type RunForm } from './kind-form.tsx';
export { type JobPagesDeps, jobPages } from './routes.tsx';
export { ORDER_WORDS, PlanView } from './run-page.tsx';
export { addressOf, readRun, texts } from './run-routes.tsx';
export { jobSources } from './source.tsx';
