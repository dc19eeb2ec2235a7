/** One file of a release: a payload, a runtime, or the patch that makes one runtime of another. */
export interface PublishedTarget {
  /** `payload/1.2.3/linux-x64`. */
  readonly path: string;
  /** Hex, of the decoded bytes: encodings are not trusted. */
  readonly sha256: string;
  /** In bytes, decoded. */
  readonly length: number;
  readonly kind: 'payload' | 'runtime' | 'runtime-patch';
  readonly platform: string;
  readonly version: string;
  readonly minLauncher: string;
  readonly node: string;
  /** SHA-256 in hex of the runtime that a patch applies to. */
  readonly from?: string;
}

/** Signed targets that this region has published: what may be installed. What is installed now is a rollout's to say. */
export interface PublishedRelease {
  /** Version of the targets metadata: by it releases are named. */
  readonly targetsVersion: number;
  /** Hex, of the metadata as it was signed: rings are drawn by it. */
  readonly targetsSha256: string;
  /** Content below it is run for updating only. */
  readonly floor: string;
  /** Whether it mends a security fault: no statistics halt it, a person may. */
  readonly security: boolean;
  readonly notes: string;
  /** Key ids, as hex. */
  readonly signers: readonly string[];
  /** Milliseconds since 1970, after which nobody installs by it. */
  readonly expiresAt: number;
  readonly targets: readonly PublishedTarget[];
}

/** What other features need of releases. Each publish is told on the bus as `releases`. */
export interface Releases {
  /** The newest that was published; undefined before the first. */
  current(): Promise<PublishedRelease | undefined>;
  /** Undefined for what was never published here. */
  find(targetsVersion: number): Promise<PublishedRelease | undefined>;
  /** The newest first. */
  list(): Promise<readonly PublishedRelease[]>;
}
