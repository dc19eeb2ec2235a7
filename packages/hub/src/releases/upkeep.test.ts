import { rm, writeFile } from 'node:fs/promises';
import { zstdCompressSync } from 'node:zlib';
import { peekRoot } from '@stoa/protocol/release';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { regionFacts } from '../alerts/region-watch.ts';
import { DAY } from './release.fixture.ts';
import { ReleaseWorld, serving, taskOf } from './release-world.fixture.ts';
import { type ReleaseSide, requirePublisher } from './releases.ts';
import { upkeepFault } from './upkeep.ts';

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

describe('upkeep', { timeout: 60_000 }, () => {
  it('F17 signs again before anything ends, and warns 30 days ahead of what only people can renew', async () => {
    await world.sign(1, { expiresAt: world.now + 40 * DAY });
    await world.publish();
    const first = await world.refresh();
    await taskOf(world.here, 'release-upkeep').tick();
    expect((await world.refresh()).timestamp).toEqual(first.timestamp);
    world.now += DAY / 2 + 1_000;
    await taskOf(world.here, 'release-upkeep').tick();
    const second = await world.refresh();
    expect(second.timestamp.version).toBeGreaterThan(first.timestamp.version);
    world.now += 11 * DAY;
    await expect(world.refresh()).rejects.toMatchObject({ code: 'expired' });
    const watch = taskOf(world.here, 'release-watch');
    await watch.tick();
    const due = () =>
      world.here
        .ends()
        .filter(({ notAfter, warnMs }) => world.now > notAfter - warnMs)
        .map(({ name }) => name);
    expect(due()).toEqual(['Signed release 1', 'Release snapshot', 'Release timestamp']);
    await taskOf(world.here, 'release-upkeep').tick();
    await watch.tick();
    expect(due()).toEqual(['Signed release 1']);
    const told = regionFacts({ freezes: [], halted: [], expiries: world.here.ends(), now: world.now });
    expect(told).toMatchObject([{ rule: 'release-metadata', subject: 'Signed release 1' }]);
    await world.refresh();
  });

  it('F18 begins above every version that nodes saw where its tree was lost', async () => {
    await world.sign(1);
    await world.publish();
    const before = await world.refresh();
    await rm(world.path('here'), { recursive: true });
    world.now += 2 * 60_000;
    await world.publish();
    const after = await world.refresh();
    expect(after.timestamp.version).toBeGreaterThan(before.timestamp.version);
    expect(after.snapshot.version).toBeGreaterThan(before.snapshot.version);
  });

  it('says what is wrong where it cannot sign, and goes on serving', async () => {
    await world.sign(1);
    await world.publish();
    await world.sql`truncate vault_secrets`;
    world.now += DAY / 2 + 1_000;
    await expect(taskOf(world.here, 'release-upkeep').tick()).rejects.toMatchObject({
      code: 'online_key_missing',
    });
    expect(await upkeepFault(world.sql)).toMatch(/this region holds none/);
    await world.refresh();
  });

  it('is told on the bus, once for each release', async () => {
    const heard: number[] = [];
    world.bus.subscribe('releases', ({ targetsVersion }) => heard.push(targetsVersion));
    const watch = taskOf(world.here, 'release-watch');
    await watch.tick();
    await world.sign(1);
    await world.publish();
    await watch.tick();
    await watch.tick();
    await world.sign(2);
    await world.publish();
    await watch.tick();
    expect(heard).toEqual([1, 2]);
  });
});

describe('a region that mirrors another', { timeout: 60_000 }, () => {
  const follow = (side: ReleaseSide) => taskOf(side, 'release-upkeep').tick();

  it('serves the same bytes once they are verified, through new releases and roots, and holds no key', async () => {
    const there = world.region('there', world.here);
    await expect(follow(there)).rejects.toMatchObject({ code: 'mirror_failed', retry: true });
    await world.sign(1);
    await world.publish();
    await follow(there);
    expect(await world.metadata('there', 'timestamp.json')).toEqual(
      await world.metadata('here', 'timestamp.json'),
    );
    expect((await world.refresh(there)).targets.version).toBe(1);
    const next = await world.here.bench.keys.make(world.sql);
    await world.place('2.root.json', world.holders.root(next, { version: 2, expiresAt: world.now + DAY }));
    await world.sign(2);
    await world.publish();
    await follow(there);
    expect(await world.refresh(there)).toEqual(await world.refresh());
    const hashes = async () => [...(await there.bench.reader.roots())!.hashes].sort();
    const second = (await there.bench.reader.standing())!.root;
    expect(await hashes()).toEqual([peekRoot(world.root).sha256, second.sha256].sort());
    await writeFile(world.path('there', 'releases', 'metadata', '2.root.json'), '{}');
    expect(await hashes()).toEqual([peekRoot(world.root).sha256]);
    await writeFile(
      world.path('there', 'releases', 'metadata', '2.root.json'),
      await world.metadata('here', '2.root.json'),
    );
    expect(await world.targets('there')).toEqual(await world.targets('here'));
    expect(() =>
      requirePublisher({ ...world.settings('there'), releasesMirrorOf: new URL('http://here') }),
    ).toThrow(/publish there/);
  });

  it('F18 keeps what it has where the other goes back, or serves what was not signed', async () => {
    const there = world.region('there', world.here);
    await world.sign(1);
    await world.publish();
    const old = await world.metadata('here', 'timestamp.json');
    await world.sign(2);
    world.now += 60_000;
    await world.publish();
    await follow(there);
    await writeFile(world.path('here', 'releases', 'metadata', 'timestamp.json'), old);
    await expect(follow(there)).rejects.toMatchObject({ code: 'rolled_back', retry: true });
    await writeFile(world.path('here', 'releases', 'metadata', 'timestamp.json'), `${old.toString()} `);
    await expect(follow(there)).rejects.toMatchObject({ code: 'malformed' });
    expect((await world.refresh(there)).targets.version).toBe(2);
  });

  it('puts what holds in the place of what its disk has spoilt, and nothing older', async () => {
    const there = world.region('there', world.here);
    await world.sign(1);
    await world.publish();
    const old = await world.metadata('here', 'timestamp.json');
    await world.sign(2);
    world.now += 60_000;
    await world.publish();
    await follow(there);
    const spoil = (name: string) => writeFile(world.path('there', 'releases', 'metadata', name), '{}');
    const { snapshot } = await world.refresh();
    for (const name of [`${snapshot.version}.snapshot.json`, '2.targets.json', 'timestamp.json']) {
      await spoil(name);
      await expect(world.refresh(there)).rejects.toThrow();
      await follow(there);
      expect(await world.refresh(there)).toEqual(await world.refresh());
    }
    await spoil(`${snapshot.version}.snapshot.json`);
    await writeFile(world.path('here', 'releases', 'metadata', 'timestamp.json'), old);
    await expect(follow(there)).rejects.toMatchObject({ code: 'rolled_back' });
  });

  it('takes no root from before the one that it trusts: that it leads there is no proof', async () => {
    await world.sign(1);
    await world.publish();
    const next = await world.here.bench.keys.make(world.sql);
    const second = world.holders.root(next, { version: 2, expiresAt: world.now + DAY });
    await world.place('2.root.json', second);
    await world.publish();
    await writeFile(world.path('root.json'), second);
    const there = world.region('there', world.here);
    await follow(there);
    expect(await there.bench.tree.versions('root')).toEqual([2]);
    expect((await world.refresh(there)).targets.version).toBe(1);
  });

  it('takes no file that is not the signed one', async () => {
    const there = world.region('there', world.here);
    await world.sign(1);
    await world.publish();
    const path = world.path('here', 'releases', 'targets', world.built.targets[0]!.sha256);
    await writeFile(path, 'x'.repeat(99));
    await writeFile(`${path}.zst`, zstdCompressSync(Buffer.alloc(50_000_000)));
    await expect(follow(there)).rejects.toMatchObject({ code: 'release_refused' });
    await expect(world.metadata('there', 'timestamp.json')).rejects.toThrow(/ENOENT/);
  });
});

describe('what is served', { timeout: 60_000 }, () => {
  let app: ReturnType<typeof serving>;
  beforeEach(async () => {
    await world.sign(1);
    await world.publish();
    app = serving(world.here);
  });

  it('may be kept for good but for the timestamp, and is taken up where it was cut off', async () => {
    const { sha256 } = world.built.targets[1]!;
    const whole = await app.request(`/releases/targets/${sha256}`);
    expect(whole.headers.get('cache-control')).toContain('immutable');
    const bytes = new Uint8Array(await whole.arrayBuffer());
    const rest = await app.request(`/releases/targets/${sha256}`, {
      headers: { range: 'bytes=150000-', 'if-range': whole.headers.get('etag')! },
    });
    expect([rest.status, rest.headers.get('content-range')]).toEqual([206, 'bytes 150000-199999/200000']);
    expect(new Uint8Array(await rest.arrayBuffer())).toEqual(bytes.subarray(150_000));
    const head = await app.request(`/releases/targets/${sha256}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), (await head.text()).length]).toEqual([
      200,
      '200000',
      0,
    ]);
    const root1 = await app.request('/releases/metadata/1.root.json');
    expect(root1.headers.get('cache-control')).toContain('immutable');
    const timestamp = await app.request('/releases/metadata/timestamp.json');
    expect(timestamp.headers.get('cache-control')).toBe('no-cache');
    const again = await app.request('/releases/metadata/timestamp.json', {
      headers: { 'if-none-match': timestamp.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
  });

  it.each([
    'metadata/9.root.json',
    'metadata/01.root.json',
    'metadata/root.json',
    'metadata/..%2f..%2froot.json',
    'metadata/.part-00',
    'targets/..%2fmetadata%2ftimestamp.json',
    `targets/${'0'.repeat(64)}`,
    `targets/${'A'.repeat(64)}`,
    'targets/.part-00',
  ])('has nothing under /releases/%s', async (path) => {
    await writeFile(world.path('here', 'releases', 'metadata', '.part-00'), 'x');
    await writeFile(world.path('here', 'releases', 'targets', '.part-00'), 'x');
    expect((await app.request(`/releases/${path}`)).status).not.toBe(200);
  });
});
