export { type GateState, GateTable, type GateWord } from './gate-table.ts';
export { type Judgement, judge } from './judge.ts';
export type { NodeHour, NodeHours } from './node-hour.ts';
