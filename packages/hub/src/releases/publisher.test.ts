import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { nodeCrypto } from '@stoa/protocol/node';
import { buildSnapshot, buildTimestamp, MAX_METADATA_VERSION, nameFile } from '@stoa/protocol/release';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { ReleasePublisher } from './publisher.ts';
import { DAY, Holders } from './release.fixture.ts';
import { ReleaseWorld } from './release-world.fixture.ts';
import { DirectorySource } from './source.ts';
import { ReleaseTree } from './tree.ts';

let database: DbAdapter;
let world: ReleaseWorld;

beforeAll(async () => {
  database = await openTemporary();
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  world = await ReleaseWorld.open(database);
  return () => world.close();
});

describe('publishing', { timeout: 60_000 }, () => {
  it('puts a signed release in force, which nodes then take, files and encodings with it', async () => {
    await world.sign(1, { notes: 'The first.', security: true });
    expect(await world.publish()).toMatchObject({
      changed: true,
      root: 1,
      release: { version: 1, content: '1.2.3' },
    });
    expect((await world.refresh()).targets).toMatchObject({ version: 1, release: '1.2.3', security: true });
    const files = await world.targets('here');
    const [payload, runtime] = world.built.targets;
    expect(files).toEqual(
      [payload!, runtime!, world.built.sbom].flatMap(({ sha256 }) => [sha256, `${sha256}.zst`]).sort(),
    );
    const packed = await readFile(world.path('here', 'releases', 'targets', `${payload!.sha256}.zst`));
    expect(zstdDecompressSync(packed)).toEqual(world.built.payload);
    const [row] = await world.sql`select actor, act, subject from audit_log order by seq desc limit 1`;
    expect(row).toMatchObject({ actor: 'admin@x.example', act: 'release.publish', subject: '1' });
    expect(await world.here.releases.current()).toMatchObject({ version: 1, vouched: true });
  });

  it('of the same again changes nothing; other content under a published version is refused with both hashes', async () => {
    await world.sign(1);
    await world.publish();
    const before = await world.metadata('here', 'timestamp.json');
    expect(await world.publish()).toMatchObject({ changed: false, release: { version: 1 } });
    expect(await world.metadata('here', 'timestamp.json')).toEqual(before);
    const [old] = await world.here.releases.list();
    await world.sign(1, { notes: 'Another.' });
    await expect(world.publish()).rejects.toMatchObject({
      code: 'release_differs',
      message: expect.stringMatching(new RegExp(`${old!.sha256}.*[0-9a-f]{64}`)),
    });
  });

  it('never goes back, by version or by floor', async () => {
    await world.sign(5, { floor: '1.1.0' });
    await world.publish();
    await rm(join(world.built.directory, '5.targets.json'));
    await world.sign(4);
    await expect(world.publish()).rejects.toMatchObject({ code: 'rolled_back' });
    await world.sign(6, { floor: '1.0.0' });
    await expect(world.publish()).rejects.toMatchObject({ code: 'below_floor' });
    expect(await world.here.releases.current()).toMatchObject({ version: 5 });
  });

  it('goes back where a root declares the way down', async () => {
    await world.sign(5, { floor: '1.1.0' });
    await world.publish();
    await rm(join(world.built.directory, '5.targets.json'));
    await world.sign(3);
    await expect(world.publish()).rejects.toMatchObject({ code: 'rolled_back' });
    const floor = { version: '1.0.0', targets: 3, since: 2 };
    const expiresAt = world.now + 365 * DAY;
    const online = await world.here.bench.keys.list();
    await world.place('2.root.json', world.holders.root(online, { version: 2, floor, expiresAt }));
    await world.publish();
    expect((await world.refresh()).targets.version).toBe(3);
  });

  it.each([
    ['one signature', 'not_signed', () => world.sign(1, {}, world.holders.keys.targets.slice(0, 1))],
    ['the same key twice', 'not_signed', () => world.sign(1, {}, twice(world.holders.keys.targets))],
    ['keys of the root', 'not_signed', () => world.sign(1, {}, world.holders.keys.root)],
    ['an end that is past', 'expired', () => world.sign(1, { expiresAt: world.now - 1 })],
    [
      'an encoding that was cut',
      'release_refused',
      () => spoil('payload.cjs.zst', (file) => file.subarray(0, 20)),
    ],
    ['a flipped byte', 'release_refused', () => spoil('runtime', flipped)],
    ['a missing file', 'release_incomplete', () => missing('runtime')],
    ['a missing list of components', 'release_incomplete', () => missing('sbom.json')],
    ['no metadata', 'release_incomplete', async () => undefined],
    ['a name of another version', 'release_refused', () => world.sign(3).then(() => renamed(3, 2))],
  ])('refuses %s: %s, and nothing is served', async (_what, code, arrange) => {
    await arrange();
    await expect(world.publish()).rejects.toMatchObject({ code });
    await expect(world.metadata('here', 'timestamp.json')).rejects.toThrow(/ENOENT/);
  });

  const twice = <T>(keys: readonly T[]): T[] => [keys[0]!, keys[0]!];
  const renamed = (from: number, to: number) =>
    rename(
      join(world.built.directory, `${from}.targets.json`),
      join(world.built.directory, `${to}.targets.json`),
    );
  async function missing(file: string): Promise<void> {
    await world.sign(1);
    await rm(join(world.built.directory, file));
  }
  async function spoil(file: string, how: (bytes: Buffer) => Uint8Array): Promise<void> {
    await world.sign(1);
    await world.place(file, how(await readFile(join(world.built.directory, file))));
  }
  function flipped(bytes: Buffer): Buffer {
    bytes[77]! ^= 1;
    return bytes;
  }

  it('F13 cut off at any write leaves the former release served, and goes through when it is done again', async () => {
    await world.sign(1);
    await world.publish();
    await world.build('1.3.0');
    await world.sign(2);
    let cuts = 0;
    for (let whole = false; !whole; cuts += 1) {
      const tree = new CutTree(
        { directory: world.path('here', 'releases'), token: () => String(cuts) },
        cuts,
      );
      const publisher = new ReleasePublisher({
        ...world.here.bench,
        tree,
        sql: world.sql,
        clock: { now: () => world.now },
      });
      whole = await publisher.publish(new DirectorySource(world.built.directory), { actor: 'a' }).then(
        () => true,
        (error: Error) => {
          expect(error.message).toBe('power cut');
          return false;
        },
      );
      expect((await world.refresh()).targets.version).toBe(whole ? 2 : 1);
    }
    // What was put in its place stays there, so each attempt gets further.
    expect(cuts).toBeGreaterThan(5);
  });

  it('takes new roots: the keys of the hub, those of people, and the next release under them', async () => {
    await world.sign(1);
    await world.publish();
    world.now += DAY / 24;
    const next = await world.here.bench.keys.make(world.sql);
    const second = world.holders.root(next, { version: 2, expiresAt: world.now + 365 * DAY });
    await world.place('2.root.json', second);
    expect(await world.publish()).toMatchObject({ changed: true, root: 2, release: { version: 1 } });
    expect((await world.refresh()).targets.version).toBe(1);
    // Those of the first root are gone.
    expect(await world.here.bench.keys.list()).toHaveLength(2);
    const [stolen, ...kept] = world.holders.keys.targets;
    const after = new Holders();
    const people = { ...world.holders.keys, targets: [...kept, after.keys.targets[0]!] };
    const third = Object.assign(new Holders(), { keys: people }).root(
      next,
      {
        version: 3,
        expiresAt: world.now + 365 * DAY,
      },
      world.holders.keys.root.slice(1),
    );
    await world.place('3.root.json', third);
    await rm(join(world.built.directory, '1.targets.json'));
    // The release in force was signed with the stolen key: the root goes out at once, and nobody installs by the old one.
    expect(await world.publish()).toMatchObject({ changed: true, root: 3 });
    expect(await world.here.bench.reader.load()).toMatchObject({ inForce: { release: { vouched: false } } });
    await expect(world.refresh()).rejects.toMatchObject({ code: 'not_signed' });
    await world.sign(2, {}, [stolen!, kept[0]!]);
    await expect(world.publish()).rejects.toMatchObject({ code: 'not_signed' });
    await world.sign(2, {}, kept);
    await world.publish();
    expect((await world.refresh()).targets.version).toBe(2);
    expect(await world.here.releases.find(1)).toMatchObject({ vouched: false });
  });

  it('retires the files of an earlier release that no other names, and nothing of the one in force', async () => {
    await world.sign(1);
    await world.publish();
    const [payload] = world.built.targets;
    await world.build('1.3.0');
    await world.sign(2, { targets: [...world.built.targets, payload!] });
    await world.place('payload.cjs', await readFile(join(world.path('build-1.2.3'), 'payload.cjs')));
    await world.publish();
    const { publisher } = world.here.bench;
    await expect(publisher.retire(2, { actor: 'a' })).rejects.toMatchObject({ code: 'release_in_force' });
    await expect(publisher.retire(3, { actor: 'a' })).rejects.toMatchObject({ code: 'release_unknown' });
    const removed = await publisher.retire(1, { actor: 'a' });
    expect(removed).toHaveLength(4);
    expect(await world.targets('here')).toHaveLength(8);
    expect(removed).not.toContain(payload!.sha256);
    await world.refresh();
  });

  it('goes on after a thief of the online keys has numbered to the end, once a root names other keys', async () => {
    await world.sign(1);
    await world.publish();
    const { bench } = world.here;
    const old = (await bench.reader.load())!.root;
    const names = nameFile(1, await bench.tree.read('targets', 1).then((bytes) => bytes!));
    for (let i = 0; i < 21; i += 1) {
      const forged = buildSnapshot({ version: MAX_METADATA_VERSION - i, expiresAt: world.now + DAY, names });
      const bytes = await world.sql.begin((tx) => bench.keys.sign(old, 'snapshot', forged, tx));
      await bench.tree.keep('snapshot', MAX_METADATA_VERSION - i, bytes as Uint8Array);
    }
    const next = await bench.keys.make(world.sql);
    const expiresAt = world.now + 365 * DAY;
    await world.place('2.root.json', world.holders.root(next, { version: 2, expiresAt }));
    await world.publish();
    const after = await world.refresh();
    expect(after.snapshot.version).toBeLessThan(1e9);
    const later = Date.now() + 2 * DAY;
    await bench.tree.sweep(later);
    expect(await bench.tree.versions('snapshot')).toEqual([after.snapshot.version]);
    expect(() => buildSnapshot({ version: MAX_METADATA_VERSION + 1, expiresAt, names })).toThrow(
      /begins anew/,
    );
  });

  it('retires by what is in force when it removes, not by what was a moment before', async () => {
    await world.sign(1);
    await world.publish();
    const first = world.built.targets;
    await world.build('1.3.0');
    await world.sign(2);
    await world.publish();
    const { publisher, tree, keys, reader } = world.here.bench;
    const { root } = (await reader.load())!;
    const expiresAt = world.now + DAY;
    const targets = [...world.built.targets, ...first];
    const third = world.holders.targets({ version: 3, expiresAt, targets });
    let retired: Promise<readonly string[]> | undefined;
    await publisher.exclusively(async (tx) => {
      retired = publisher.retire(1, { actor: 'a' });
      // It waits for the lock; meanwhile a release comes into force that keeps the files.
      await vi.waitFor(async () => {
        const waiting = await tx`select from pg_locks where locktype = 'advisory' and not granted`;
        expect(waiting).toHaveLength(1);
      });
      const names = nameFile(3, third);
      const version = 2_000_000_000;
      const snapshot = buildSnapshot({ version, expiresAt, names });
      const bytes = await keys.sign(root, 'snapshot', snapshot, tx);
      await tree.keep('targets', 3, third);
      await tree.keep('snapshot', version, bytes);
      const timestamp = buildTimestamp({ version, expiresAt, names: nameFile(version, bytes) });
      await tree.replaceTimestamp(await keys.sign(root, 'timestamp', timestamp, tx));
    });
    await retired;
    for (const { sha256 } of first) expect(await tree.blob(sha256)).toBeDefined();
  });

  it('puts a release in the place of what the disk has spoilt, and never an older one', async () => {
    await world.sign(1);
    await world.publish();
    const { directory } = world.built;
    await world.build('1.3.0');
    await world.sign(2);
    await world.publish();
    const { publisher, tree } = world.here.bench;
    for (const spoilt of ['snapshot', 'targets', 'timestamp'] as const) {
      const { timestamp, snapshot } = await world.refresh();
      const version = { snapshot: snapshot.version, targets: 2, timestamp: 0 }[spoilt];
      const name = spoilt === 'timestamp' ? 'timestamp.json' : `${version}.${spoilt}.json`;
      await writeFile(world.path('here', 'releases', 'metadata', name), '{"signed":');
      await expect(world.refresh()).rejects.toThrow();
      const older = publisher.publish(new DirectorySource(directory), { actor: 'a' });
      await expect(older).rejects.toMatchObject({ code: 'rolled_back' });
      // A timestamp that can't be read says no number: the next is of this minute at least.
      world.now += 5 * 60_000;
      expect(await world.publish()).toMatchObject({ changed: true, release: { version: 2 } });
      const after = await world.refresh();
      expect(after.timestamp.version).toBeGreaterThan(timestamp.version);
      expect(after.snapshot.version).toBeGreaterThan(snapshot.version);
      expect(await tree.versions('targets')).toEqual([1, 2]);
    }
  });

  it('refuses a root that names keys which this region does not hold, before nodes see it', async () => {
    await world.sign(1);
    await world.publish();
    const foreign = (['snapshot', 'timestamp'] as const).map((role) => ({
      ...{ role, publicKey: nodeCrypto.signingKey(randomBytes(32)).publicKey },
    }));
    const second = world.holders.root(foreign, { version: 2, expiresAt: world.now + DAY });
    await world.place('2.root.json', second);
    await expect(world.publish()).rejects.toMatchObject({ code: 'online_key_missing' });
    await expect(world.metadata('here', '2.root.json')).rejects.toThrow(/ENOENT/);
    await world.refresh();
  });

  it('mends a publish that ended between a new root and its timestamp', async () => {
    await world.sign(1);
    await world.publish();
    const next = await world.here.bench.keys.make(world.sql);
    const second = world.holders.root(next, { version: 2, expiresAt: world.now + DAY });
    await world.here.bench.tree.keep('root', 2, second);
    await expect(world.refresh()).rejects.toMatchObject({ code: 'not_signed' });
    expect(await world.here.bench.publisher.refresh()).toBe(true);
    expect((await world.refresh()).targets.version).toBe(1);
  });
});

/** The disk takes so many writes, and then no more. */
class CutTree extends ReleaseTree {
  #left: number;
  constructor(by: ConstructorParameters<typeof ReleaseTree>[0], writes: number) {
    super(by);
    this.#left = writes;
  }
  override async keep(...file: Parameters<ReleaseTree['keep']>): Promise<void> {
    this.#spend();
    await super.keep(...file);
  }
  override async keepBlob(...file: Parameters<ReleaseTree['keepBlob']>): Promise<void> {
    this.#spend();
    await super.keepBlob(...file);
  }
  override async replaceTimestamp(bytes: Uint8Array): Promise<void> {
    this.#spend();
    await super.replaceTimestamp(bytes);
  }
  #spend(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new Error('power cut');
  }
}
