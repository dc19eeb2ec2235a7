import { join } from 'node:path';
import type { CryptoSuite, Random } from '@stoa/protocol';
import { toHex } from '@stoa/protocol';
import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { SecretStore, type Vault } from '#vault/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import { LedTask } from '../leases/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { Fetch } from '../tips/index.ts';
import { releaseDownloads } from './download-routes.ts';
import { PublishError } from './error.ts';
import { ReleaseMirror } from './mirror.ts';
import { OnlineKeys } from './online-keys.ts';
import { ReleasePublisher } from './publisher.ts';
import { ReleaseReader } from './reader.ts';
import type { Releases } from './release.ts';
import { ReleaseSightings } from './sightings.ts';
import { MirrorSource } from './source.ts';
import { ReleaseTree } from './tree.ts';
import { ReleaseTrust } from './trust.ts';
import { type ReleaseEnd, ReleaseUpkeep, ReleaseWatch } from './upkeep.ts';

export interface ReleaseSettings {
  readonly dataDir: string;
  readonly releasesDir: string | undefined;
  readonly releaseRoot: string | undefined;
  readonly releasesMirrorOf: URL | undefined;
}

export interface ReleaseBenchDeps {
  readonly config: ReleaseSettings;
  readonly sql: Sql;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Pick<CryptoSuite, 'signingKey'>;
  readonly log: Log;
}

/** What commands beside the hub use as the hub itself does. */
export interface ReleaseBench {
  readonly tree: ReleaseTree;
  readonly trust: ReleaseTrust;
  readonly reader: ReleaseReader;
  readonly sightings: ReleaseSightings;
  readonly keys: OnlineKeys;
  readonly publisher: ReleasePublisher;
  readonly audit: AuditLog;
}

export function createReleaseBench(deps: ReleaseBenchDeps): ReleaseBench {
  const { config, sql, vault, clock, random, crypto, log } = deps;
  const audit = new AuditLog({ sql, clock });
  const tree = new ReleaseTree({
    directory: config.releasesDir ?? join(config.dataDir, 'releases'),
    token: () => toHex(random(8)),
  });
  const trust = new ReleaseTrust({ sql, file: config.releaseRoot });
  const reader = new ReleaseReader({ tree, trust, clock, log });
  const keys = new OnlineKeys({ secrets: new SecretStore({ sql, vault, clock }), crypto, random, clock });
  const sightings = new ReleaseSightings(sql);
  const publisher = new ReleasePublisher({ sql, tree, reader, sightings, keys, audit, clock });
  return { tree, trust, reader, sightings, keys, publisher, audit };
}

export interface ReleaseSide {
  /** For other features. */
  readonly releases: Releases;
  readonly bench: ReleaseBench;
  readonly downloads: HttpFeature;
  readonly tasks: readonly Task[];
  /** For alerts. */
  readonly ends: () => readonly ReleaseEnd[];
  /** Whose releases are served here too; undefined where they are published here. */
  readonly mirrorOf: string | undefined;
  /** Lets another instance keep them fresh. */
  close(): Promise<void>;
}

/** Releases of the agent: published here or followed from another region, kept fresh, and served. */
export function createReleases(
  deps: ReleaseBenchDeps & { bus: Bus; instanceId: string; fetch: Fetch },
): ReleaseSide {
  const { sql, clock, random } = deps;
  const bench = createReleaseBench(deps);
  const mirrorOf = deps.config.releasesMirrorOf?.origin;
  const mirror =
    mirrorOf === undefined
      ? undefined
      : new ReleaseMirror({
          ...bench,
          source: new MirrorSource({ origin: mirrorOf, fetch: deps.fetch }),
          clock,
        });
  const upkeep = new ReleaseUpkeep({
    sql,
    async work() {
      // Whoever trusts no root has written nothing: such a hub never touches the disk for releases.
      if ((await bench.trust.anchor()) !== undefined) await bench.tree.sweep(clock.now());
      await (mirror === undefined ? bench.publisher.refresh() : mirror.follow());
    },
  });
  const holder = `${deps.instanceId} ${toHex(random(6))}`;
  const led = new LedTask(upkeep, { sql, clock, holder });
  const watch = new ReleaseWatch({ reader: bench.reader, bus: deps.bus });
  return {
    releases: bench.reader,
    bench,
    downloads: releaseDownloads(bench.tree),
    tasks: [led, watch],
    ends: () => watch.ends,
    mirrorOf,
    close: () => led.release(),
  };
}

/** @throws PublishError `publishes_elsewhere` */
export function requirePublisher({ releasesMirrorOf }: ReleaseSettings): void {
  if (releasesMirrorOf === undefined) return;
  throw new PublishError(
    'publishes_elsewhere',
    `this region serves what ${releasesMirrorOf.origin} publishes (RELEASES_MIRROR_OF): publish there`,
  );
}
