import { type OwnerKeyChange, ownerKeyChangeKind, type SigningKey, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { EnrolHub } from '#enroll/enrol-hub.fixture.ts';
import { type EnrollDeps, enroll } from '#enroll/enroll.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
import { readOwnerKeyChanges } from '#identity/owner-key-changes.ts';
import { fingerprintOf, ownerKeyPath, pinOwnerKey, readOwnerKeyPin } from '#identity/owner-key-pin.ts';
import { makeRegion, seededRandom } from '#identity/region.fixture.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';

const config = { dataDir: '/data', instance: 'default' };
const directory = identityDirectory(config);
const key = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const named = (n: number) => ({ publicKey: key(n), serial: n });

describe("the owner's key", () => {
  test('is pinned for its user alone, and again is no change', async () => {
    const disk = new MemoryDisk();
    expect(await pinOwnerKey(disk, directory, undefined)).toBeUndefined();
    for (let i = 0; i < 2; i += 1) await pinOwnerKey(disk, directory, named(1));
    expect(await pinOwnerKey(disk, directory, undefined)).toEqual({
      key: key(1),
      serial: 1,
      refused: undefined,
    });
    expect((await disk.stat(ownerKeyPath(directory)))?.mode).toBe(0o600);
  });

  test('gives way to no other that a hub names, which is kept on record', async () => {
    const disk = new MemoryDisk();
    await pinOwnerKey(disk, directory, named(1));
    for (const other of [2, 3]) {
      const refused = pinOwnerKey(disk, directory, named(other));
      await expect(refused).rejects.toMatchObject({ code: 'owner_key_changed', retry: false });
      await expect(refused).rejects.toThrow(fingerprintOf(key(other)));
      expect(await readOwnerKeyPin(disk, directory)).toEqual({ key: key(1), serial: 1, refused: key(other) });
    }
  });

  test('that is damaged on disk is not taken for absent', async () => {
    const disk = new MemoryDisk();
    await pinOwnerKey(disk, directory, named(1));
    const bytes = await disk.readFile(ownerKeyPath(directory));
    await disk.writeAtomic(ownerKeyPath(directory), bytes.with(30, bytes[30]! ^ 4));
    await expect(pinOwnerKey(disk, directory, named(2))).rejects.toMatchObject({ code: 'record_damaged' });
  });
});

describe("a change of the owner's key", () => {
  const [held, next, stranger] = [11, 12, 13].map((n) => nodeCrypto.signingKey(key(n))) as [
    SigningKey,
    SigningKey,
    SigningKey,
  ];
  const change = (over: Partial<OwnerKeyChange> = {}, by = held) =>
    seal(
      ownerKeyChangeKind,
      {
        owner: 'owner@example.org',
        region: 'eu',
        serial: 2,
        previous: held.publicKey,
        next: next.publicKey,
        ...over,
      },
      by,
    );

  async function pinned() {
    const disk = new MemoryDisk();
    await storeIdentity(disk, directory, makeRegion().identity('a', 'https://hub.example'));
    await pinOwnerKey(disk, directory, { publicKey: held.publicKey, serial: 1 });
    return { disk, store: await IdentityStore.open(disk, directory) };
  }

  test('is followed where the pinned key signed it, each in its turn, and once', async () => {
    const { disk, store } = await pinned();
    const third = change({ serial: 3, previous: next.publicKey, next: stranger.publicKey }, next);
    await Promise.all([change(), third, change(), third].map((sealed) => store.followOwnerKey(sealed)));
    const after = { key: stranger.publicKey, serial: 3, refused: undefined };
    expect(store.ownerKey).toEqual(after);
    expect((await IdentityStore.open(disk, directory)).ownerKey).toEqual(after);
    // For the privileged unit, which follows by the signatures alone.
    expect(await readOwnerKeyChanges(disk, directory)).toEqual([change(), third]);
  });

  test.for<[string, Uint8Array]>([
    ['signed by another key', change({}, stranger)],
    ['of another owner', change({ owner: 'b@example.org' })],
    ['of another region', change({ region: 'na' })],
    ['that leaves one out', change({ serial: 3 })],
  ])('%s is refused, on record', async ([, sealed]) => {
    const { disk, store } = await pinned();
    await expect(store.followOwnerKey(sealed)).rejects.toMatchObject({ code: 'bad_signature' });
    const kept = { key: held.publicKey, serial: 1, refused: next.publicKey };
    expect(store.ownerKey).toEqual(kept);
    expect((await IdentityStore.open(disk, directory)).ownerKey).toEqual(kept);
    expect(await readOwnerKeyChanges(disk, directory)).toEqual([]);
  });

  test('pins nothing where nothing is pinned, and noise is no change', async () => {
    const { disk, store } = await pinned();
    await expect(store.followOwnerKey(new Uint8Array(99))).rejects.toMatchObject({ code: 'malformed' });
    await disk.remove(ownerKeyPath(directory));
    const bare = await IdentityStore.open(disk, directory);
    await bare.followOwnerKey(change());
    expect(bare.ownerKey).toBeUndefined();
  });
});

describe('an enrolment', () => {
  function world() {
    const hub = new EnrolHub(makeRegion());
    const disk = new MemoryDisk();
    const random = seededRandom('host');
    const deps: EnrollDeps = {
      config,
      clock: new VirtualClock(),
      disk,
      http: hub.http,
      random,
      version: '0.1.0',
    };
    const facts = { hostname: 'host', platform: 'linux-x64', chainwebVersion: '' };
    const run = (token: string, force = false) =>
      enroll({ token, facts, force, confirm: () => Promise.resolve(true) }, deps);
    return { hub, disk, run };
  }

  test("pins the owner's key that the hub names, or none", async () => {
    const { hub, disk, run } = world();
    expect(await run(hub.token())).toMatchObject({ ownerKey: undefined });
    hub.ownerKey = named(1);
    expect(await run(hub.token(), true)).toMatchObject({ ownerKey: fingerprintOf(key(1)) });
    expect((await IdentityStore.open(disk, directory)).ownerKey?.key).toEqual(key(1));
  });

  test('stops at another key, keeps the identity, and goes on with the same token once the pin is settled', async () => {
    const { hub, disk, run } = world();
    hub.ownerKey = named(1);
    const { nodeId } = await run(hub.token());
    hub.ownerKey = named(2);
    const token = hub.token();
    await expect(run(token, true)).rejects.toMatchObject({ code: 'owner_key_changed' });
    const kept = await IdentityStore.open(disk, directory);
    expect(Buffer.from(kept.nodeId).toString('hex')).toBe(nodeId);
    expect(kept.ownerKey).toEqual({ key: key(1), serial: 1, refused: key(2) });
    await disk.remove(ownerKeyPath(directory));
    expect(await run(token, true)).toMatchObject({ state: 'enrolled', ownerKey: fingerprintOf(key(2)) });
  });
});
