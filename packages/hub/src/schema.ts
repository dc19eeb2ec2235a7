/** The whole schema: what drizzle-kit compares with `migrations/` and what `DbAdapter.db` knows. */
export * from './accounts/schema.ts';
export * from './alerts/schema.ts';
export * from './announcements/schema.ts';
export * from './api-keys/schema.ts';
export * from './audit/schema.ts';
export * from './gateway/schema.ts';
export * from './history/schema.ts';
export * from './import/schema.ts';
export * from './jobs/schema.ts';
export * from './joining/schema.ts';
export * from './nodes/schema.ts';
export * from './owner-keys/schema.ts';
export * from './pulse/schema.ts';
export * from './saved-views/schema.ts';
export * from './seams/probe-cache/schema.ts';
export * from './sharing/schema.ts';
export * from './vault/schema.ts';
