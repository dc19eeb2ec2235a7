export type { NodeHour, NodeHours } from './node-hour.ts';
