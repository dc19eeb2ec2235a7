export { PartitionKeeper } from './partition-keeper.ts';
export { HistoryRecorder } from './recorder.ts';
export type { Readings, Resolution, SeriesName } from './series.ts';
export { type HistoryPoint, type HistoryQuery, HistoryStore } from './store.ts';
