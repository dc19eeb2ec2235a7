import type { ReleaseTargets } from '@stoa/protocol/release';

/** Signed targets that this region has published: what may be installed. What is installed now is a rollout's to say. */
export interface PublishedRelease extends ReleaseTargets {
  /** Whether the keys of the newest root vouch for it; if not, those of an earlier one did, and nobody installs by it. */
  readonly vouched: boolean;
}

/** What other features need of releases. Each that comes into force is told on the bus as `releases`. */
export interface Releases {
  /** The one in force; undefined before the first. */
  current(): Promise<PublishedRelease | undefined>;
  /** By the version of its targets metadata. Undefined for what was never in force here. */
  find(targetsVersion: number): Promise<PublishedRelease | undefined>;
  /** The newest first. */
  list(): Promise<readonly PublishedRelease[]>;
}
