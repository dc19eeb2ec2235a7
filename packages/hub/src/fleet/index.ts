export { createBreakdown } from './breakdown.ts';
export type { HubFacts, SettingInForce } from './hub-facts.ts';
export { fleetRoutes, fleetSource } from './routes.tsx';
