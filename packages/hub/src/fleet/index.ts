export { createBreakdown } from './breakdown.ts';
export type { HubFacts } from './hub-facts.ts';
export { fleetRoutes, fleetSource } from './routes.tsx';
