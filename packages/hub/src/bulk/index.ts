export { ACT_NAMES, type ActName, actOf } from './acts.ts';
export { type BlastRadius, BulkActs, type BulkRequest } from './bulk-acts.ts';
export { bulkRoutes } from './routes.tsx';
