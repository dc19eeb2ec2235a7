export type { PublishedRelease, Releases } from './release.ts';
