export { type Act, AuditLog, type AuditRow } from './audit-log.ts';
export { chainHash, contentHash, GENESIS, type Retention } from './chain.ts';
export { AuditExport, type ExportSigner } from './export.ts';
export { auditQuery, filterOf as auditFilterOf } from './query.ts';
export { rangeOf as auditRangeOf } from './range.ts';
export { AuditRetention } from './retention.ts';
export {
  type AuditFilter,
  type AuditScope,
  AuditStore,
  type SeqRange,
  type StoredRow,
  scopeOf as auditScopeOf,
} from './store.ts';
export { type ExportProblem, type ExportReport, verifyExport } from './verifier.ts';
