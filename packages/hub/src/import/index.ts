export { ImportError } from './error.ts';
export type { Finding } from './findings.ts';
export { type ImportReport, runImport } from './import.ts';
export { ImportedNodes, type Joining } from './imported-nodes.ts';
export { importRoutes } from './routes.tsx';
