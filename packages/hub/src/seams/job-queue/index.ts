export { BullMqQueue } from './bullmq-queue.ts';
export { JobQueueError } from './error.ts';
export type { Claim, DeadWork, JobQueue, QueuedWork, QueuePolicy } from './job-queue.ts';
export { PgBossQueue } from './pg-boss-queue.ts';
export { QueueWorker } from './queue-worker.ts';
