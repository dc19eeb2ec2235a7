export { createBreakdown } from './breakdown.ts';
export { Figures } from './figures.tsx';
export type { HubFacts, SettingInForce } from './hub-facts.ts';
export { fleetRoutes, fleetSource } from './routes.tsx';
