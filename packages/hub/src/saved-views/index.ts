export { savedViewRoutes } from './routes.tsx';
export { type SavedView, SavedViews } from './saved-views.ts';
