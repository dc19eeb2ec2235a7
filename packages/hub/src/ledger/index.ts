export { Balances } from './balances.ts';
export { type Head as LedgerHead, LedgerBook, type Mode as LedgerMode } from './book.ts';
export { HourCloser } from './closer.ts';
export type { AccountId, EventDraft, Kind, LedgerEvent } from './event.ts';
export { HourStore } from './hour-store.ts';
export type { HourSource, NodeHourWords, Payee, PayeeSource, Score, ScoreSource } from './sources.ts';
