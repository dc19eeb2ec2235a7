export * from './job.ts';
export * from './kinds.ts';
export * from './local-policy.ts';
export * from './order.ts';
export * from './order-draft.ts';
export * from './parameters.ts';
export * from './proven.ts';
export * from './result.ts';
