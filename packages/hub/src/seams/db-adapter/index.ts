export type { Database, DbAdapter, DbLog, Sql, TransactionSql } from './adapter.ts';
export { attachEmbedded } from './attach.ts';
export { CopyEncoder } from './copy-encoder.ts';
export { copyIn } from './copy-in.ts';
export { type EmbeddedOptions, openEmbedded } from './embedded.ts';
export { DatabaseError, type DatabaseErrorCode, DataDirectoryInUseError } from './error.ts';
export { PackedRows, packed } from './packed-rows.ts';
export { Upsert, type UpsertTarget } from './upsert.ts';
export { openUrl, type UrlOptions } from './url.ts';
