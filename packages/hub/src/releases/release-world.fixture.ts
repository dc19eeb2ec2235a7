import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '@stoa/protocol/node';
import {
  type ReleaseContent,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTimestamp,
} from '@stoa/protocol/release';
import { Hono } from 'hono';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { Vault } from '#vault/index.ts';
import { Bus } from '../bus.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { createLog } from '../log.ts';
import type { Published } from './publisher.ts';
import { type BuiltRelease, buildRelease, DAY, Holders } from './release.fixture.ts';
import { createReleases, type ReleaseSettings, type ReleaseSide } from './releases.ts';
import { DirectorySource } from './source.ts';

const log = createLog({ level: 'silent' });
const vault = new Vault({ keys: [randomBytes(32)], random: randomBytes });

/** A region that publishes, the holders of its keys, a built release, and regions that mirror it: on a clock of its own. */
export class ReleaseWorld {
  now = Date.UTC(2026, 10, 26);
  readonly bus = new Bus({ log });
  readonly holders = new Holders();
  readonly here: ReleaseSide;
  readonly #database: DbAdapter;
  readonly #place: string;
  root: Uint8Array = new Uint8Array();
  built!: BuiltRelease;

  private constructor(database: DbAdapter, place: string) {
    this.#database = database;
    this.#place = place;
    this.here = this.region('here');
  }

  static async open(database: DbAdapter): Promise<ReleaseWorld> {
    await database.sql`truncate vault_secrets, leases`;
    await database.sql`delete from region_settings where name like 'release%'`;
    const world = new ReleaseWorld(database, await mkdtemp(join(tmpdir(), 'stoa-releases-')));
    const online = await world.here.bench.keys.make(database.sql);
    world.root = world.holders.root(online, { expiresAt: world.now + 365 * DAY });
    await writeFile(join(world.#place, 'root.json'), world.root);
    await world.build('1.2.3');
    return world;
  }

  close(): Promise<void> {
    return rm(this.#place, { recursive: true, force: true });
  }

  get sql(): DbAdapter['sql'] {
    return this.#database.sql;
  }

  path(...names: string[]): string {
    return join(this.#place, ...names);
  }

  settings(directory: string): ReleaseSettings {
    return {
      ...{ dataDir: this.path(directory), releasesDir: undefined },
      ...{ releaseRoot: this.path('root.json'), releasesMirrorOf: undefined },
    };
  }

  /** @param of whose releases it mirrors. */
  region(directory: string, of?: ReleaseSide): ReleaseSide {
    const app = of && serving(of);
    return createReleases({
      config: { ...this.settings(directory), releasesMirrorOf: of && new URL('http://here') },
      ...{ sql: this.sql, vault, random: randomBytes, crypto: nodeCrypto, log, bus: this.bus },
      ...{ instanceId: directory, clock: { now: () => this.now, after: () => () => undefined } },
      fetch: async (url) => app?.request(new URL(url).pathname) ?? Promise.reject(new Error('no network')),
    });
  }

  async build(version: string): Promise<void> {
    this.built = await buildRelease(this.path(`build-${version}`), version);
  }

  /** What is signed lies beside what was built. */
  async sign(
    version: number,
    change: Partial<ReleaseContent> = {},
    signers?: Holders['keys']['root'],
  ): Promise<void> {
    const { targets, sbom } = this.built;
    const content = { version, expiresAt: this.now + 90 * DAY, targets, sbom, ...change };
    await this.place(`${version}.targets.json`, this.holders.targets(content, signers));
  }

  async place(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.built.directory, name), bytes);
  }

  publish(): Promise<Published> {
    const source = new DirectorySource(this.built.directory);
    return this.here.bench.publisher.publish(source, { actor: 'admin@x.example' });
  }

  metadata(directory: string, name: string): Promise<Buffer> {
    return readFile(this.path(directory, 'releases', 'metadata', name));
  }

  async targets(directory: string): Promise<string[]> {
    return (await readdir(this.path(directory, 'releases', 'targets'))).sort();
  }

  /** As a node that was built with the first root refreshes, by what a region serves. */
  async refresh(side: ReleaseSide = this.here) {
    const at = this.now;
    const app = serving(side);
    const get = async (name: string) => {
      const answer = await app.request(`/releases/metadata/${name}`);
      return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
    };
    const chain: Uint8Array[] = [];
    for (
      let bytes = await get('2.root.json');
      bytes !== undefined;
      bytes = await get(`${chain.length + 2}.root.json`)
    )
      chain.push(bytes);
    const newest = verifyRoots(this.root, chain, { at });
    const timestamp = verifyTimestamp(newest, (await get('timestamp.json'))!, { at });
    const snapshotBytes = await get(`${timestamp.names.version}.snapshot.json`);
    const snapshot = verifySnapshot(newest, snapshotBytes!, { at, timestamp });
    const targets = await get(`${snapshot.names.version}.targets.json`);
    return { timestamp, snapshot, targets: verifyNamedTargets(newest, targets!, { at, snapshot }) };
  }
}

export function taskOf(side: ReleaseSide, name: 'release-upkeep' | 'release-watch') {
  return side.tasks.find((task) => task.name === name)!;
}

export function serving(side: ReleaseSide): HubApp {
  const app: HubApp = new Hono<HttpEnv>();
  app.onError((error, c) => {
    const { status, message } = toHttpError(error);
    return c.text(message, status);
  });
  side.downloads.mount(app);
  return app;
}
