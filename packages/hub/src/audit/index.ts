export { type Act, AuditLog, type AuditRow, chainHash, GENESIS, type Retention } from './audit-log.ts';
