export { ImportError } from './error.ts';
export type { Finding } from './findings.ts';
export { type ImportReport, runImport } from './import.ts';
