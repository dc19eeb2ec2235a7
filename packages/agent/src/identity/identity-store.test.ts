import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
import { makeRegion } from '#identity/region.fixture.ts';
import { MemoryDisk, type Unsynced } from '#memory-disk.ts';

const region = makeRegion();
const directory = identityDirectory({ dataDir: '/data', instance: 'default' });
const unsynced = fc.constantFrom<Unsynced>('lost', 'torn', 'kept');
const secret = (n: number): Uint8Array => new Uint8Array(32).fill(n);

async function enrolled(): Promise<{ disk: MemoryDisk; store: IdentityStore }> {
  const disk = new MemoryDisk();
  await storeIdentity(disk, directory, region.identity('a', 'https://hub.example'));
  return { disk, store: await IdentityStore.open(disk, directory) };
}

describe('an identity on disk', () => {
  test('is for its user alone', async () => {
    const { disk, store } = await enrolled();
    await store.saveSession({ epoch: 1 });
    await store.saveCandidate({ seed: secret(1), credential: undefined });
    for (const path of store.keyFiles) expect((await disk.stat(path))?.mode).toBe(0o600);
  });

  test.for(['identity', 'session'])('with a single bit of its %s rotten is told as damaged', async (file) => {
    const { disk, store } = await enrolled();
    await store.saveSession({ epoch: 1 });
    const path = store.keyFiles[file === 'identity' ? 0 : 1]!;
    const bytes = await disk.readFile(path);
    for (const at of [0, 30, bytes.length - 3]) {
      await disk.writeAtomic(path, bytes.with(at, bytes[at]! ^ 4));
      await expect(IdentityStore.open(disk, directory)).rejects.toMatchObject({ code: 'record_damaged' });
    }
  });

  test('keeps what it could not write as wanted, and uses only what is on the medium', async () => {
    const { disk, store } = await enrolled();
    await store.saveSession({ ratchet: secret(1), timeFloor: 10 });
    disk.capacityBytes = 0;
    await expect(store.saveSession({ ratchet: secret(2), timeFloor: 20 })).rejects.toMatchObject({
      code: 'disk_full',
    });
    expect(store.session).toMatchObject({ ratchet: secret(1), timeFloor: 10 });
    expect(store.floors.timeFloor).toBe(20);
    disk.capacityBytes = 1e9;
    await store.saveSession({});
    expect((await IdentityStore.open(disk, directory)).session).toMatchObject({
      ratchet: secret(2),
      timeFloor: 20,
    });
  });

  test('settles before the next Hello, also where a write fails', async () => {
    const { disk, store } = await enrolled();
    disk.capacityBytes = 0;
    const saving = store.saveSession({ ratchet: secret(2) }).catch((error: { code: string }) => error.code);
    await store.settled();
    expect(await saving).toBe('disk_full');
  });
});

describe('kill -9 at any step', () => {
  test('of a ratchet update leaves one of the two secrets that the hub accepts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ steps: fc.nat(6), left: unsynced }), { maxLength: 8 }),
        async (crashes) => {
          const { disk, store } = await enrolled();
          let current = store;
          // The hub's side of protocol.md, Sessions: the last two secrets, the older one being the last that was proven.
          let hub = { current: store.session.ratchet, previous: store.session.ratchet };
          for (const [n, { steps, left }] of crashes.entries()) {
            const proven = current.session.ratchet;
            expect([hub.current, hub.previous]).toContainEqual(proven);
            hub = { current: secret(n + 1), previous: proven };
            disk.crashAfter(steps);
            await current.saveSession({ ratchet: hub.current }).catch(() => undefined);
            disk.restart(left);
            current = await IdentityStore.open(disk, directory);
          }
          expect(current.identity).toEqual(store.identity);
        },
      ),
    );
  });

  test('of a rotation leaves a key that the hub takes, and the same node', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), unsynced, async (steps, left) => {
        const { disk, store } = await enrolled();
        const seed = secret(9);
        const { publicKey } = nodeCrypto.signingKey(seed);
        const credential = region.credential(publicKey, { nodeId: store.nodeId, keyGeneration: 1 });
        let committedAtHub = false;
        disk.crashAfter(steps);
        const rotate = async (): Promise<void> => {
          await store.saveCandidate({ seed, credential: undefined });
          await store.saveCandidate({ seed, credential });
          // The first session on the new key stands: the hub has committed it, and keeps the old one for 72 hours.
          committedAtHub = true;
          await store.commitCandidate();
        };
        await rotate().catch(() => undefined);
        disk.restart(left);
        const after = await IdentityStore.open(disk, directory);
        expect(after.nodeId).toEqual(store.nodeId);
        const speaks = after.candidate?.credential ? after.candidate.seed : after.identity.seed;
        // Once committed it must speak with the new key: the old one would cancel it.
        if (committedAtHub) expect(speaks).toEqual(seed);
        else expect([seed, region.identity('a', '').seed]).toContainEqual(speaks);
        await after.commitCandidate();
        const end = await IdentityStore.open(disk, directory);
        expect(end.candidate === undefined || end.candidate.credential === undefined).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('of a Revoke ends with the key gone, and never with a key that is half there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), unsynced, async (steps, left) => {
        const { disk, store } = await enrolled();
        disk.crashAfter(steps);
        const revoked = await store.revoke({ nodeId: store.nodeId, serial: 7, at: 1 }).then(
          () => true,
          () => false,
        );
        disk.restart(left);
        const code = await IdentityStore.open(disk, directory).then(
          () => 'open',
          (error: { code: string }) => error.code,
        );
        expect(revoked ? ['node_revoked'] : ['node_revoked', 'open']).toContain(code);
        if (code === 'node_revoked') expect(await disk.stat(`${directory}/identity`)).toBeUndefined();
      }),
    );
  });
});
