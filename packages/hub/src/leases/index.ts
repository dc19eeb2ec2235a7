export { Lease } from './lease.ts';
export { LedTask } from './led-task.ts';
