export { type BackupReport, writeBackup } from './backup.ts';
export { BackupError } from './error.ts';
export { type RestoreReport, restoreBackup, verifyBackup } from './restore.ts';
export type { SealSecret } from './seal-key.ts';
export { open as openSealed, seal as sealed } from './sealed-stream.ts';
