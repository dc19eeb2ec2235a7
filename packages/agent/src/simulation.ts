/** What a simulated host needs to start and to update its agent as a real one does (F34): launcher and updater themselves. */
export { findNode } from '#earnings/kept-evidence.ts';
export { verifyDay } from '#earnings/verify-day.ts';
export { LIMITS } from '#launcher/choice.ts';
export type { SlotInstaller } from '#launcher/installer.ts';
export type { Launched } from '#launcher/launched.ts';
export { journalDirectory, LAUNCHER_VERSION, layoutOf } from '#launcher/layout.ts';
export { SlotStore } from '#launcher/slot-store.ts';
export { type LastEnd, Start } from '#launcher/start.ts';
export { Updater } from '#update/updater.ts';
export type { Updates } from '#update/updates.ts';
export { ResultLog } from '#work/result-log.ts';
