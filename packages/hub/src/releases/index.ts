export type { PublishedRelease, PublishedTarget, Releases } from './release.ts';
