import { type OwnerKeyChange, ownerKeyChangeKind, type SigningKey, seal, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, it } from 'vitest';
import { identityDirectory } from '#identity/identity.ts';
import { storeIdentity } from '#identity/identity-store.ts';
import { pinOwnerKey } from '#identity/owner-key-pin.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { OwnerKeys } from '#root/owner-key.ts';
import { pinTrust } from '#root/pin.ts';
import { type JobWish, makeJob, makeRootWorld, NODE, OWNER, REGION } from '#root/root.fixture.ts';
import { parseTrust } from '#root/trust.ts';

const signal = new AbortController().signal;
const RESTART: JobWish = { kind: 'stoachain-control', params: { action: 'restart' } };
const [second, thief] = [21, 22].map((n) => nodeCrypto.signingKey(new Uint8Array(32).fill(n))) as [
  SigningKey,
  SigningKey,
];

/** From the pinned key to the second, unless it says otherwise. */
function change(over: Partial<OwnerKeyChange> = {}, by: SigningKey = OWNER): Uint8Array {
  const body = {
    owner: 'owner@example.org',
    region: REGION.name,
    serial: 2,
    previous: OWNER.publicKey,
    next: second.publicKey,
    ...over,
  };
  return seal(ownerKeyChangeKind, body, by);
}
const BACK = change({ serial: 3, previous: second.publicKey, next: OWNER.publicKey }, second);

const node = {
  nodeId: toHex(NODE),
  ownerKey: OWNER.publicKey,
  owner: { serial: 1, name: 'owner@example.org' },
  servicePort: '1848',
  p2pPort: '1789',
  instance: 'default',
};

describe('the owner’s key of the privileged unit', () => {
  it('is pinned with the owner and its number among theirs, by which changes are told', async () => {
    const disk = new MemoryDisk();
    const directory = identityDirectory({ dataDir: '/data', instance: 'default' });
    const identity = REGION.identity('a', 'https://hub.example');
    await storeIdentity(disk, directory, identity);
    await pinOwnerKey(disk, directory, { publicKey: OWNER.publicKey, serial: 4 });
    const text = await pinTrust(disk, '/etc/stoa-agent', {
      rootFingerprint: toHex(REGION.rootFingerprint),
      region: REGION.name,
      dataDir: '/data',
      chainwebUrl: 'http://127.0.0.1:1848',
      chainwebP2pUrl: 'https://127.0.0.1:1789',
    });
    const [pinned] = parseTrust(text).nodes;
    expect(pinned).toMatchObject({
      ownerKey: OWNER.publicKey,
      owner: { serial: 4, name: identity.owner },
    });
  });

  it('is followed to the next by the signature of the one before: then that one orders, and the old one no more', async () => {
    const world = await makeRootWorld();
    const ordered = (orderKey: SigningKey) =>
      world.steps(makeJob({ ...RESTART, orderKey })).run('node-restart', { signal });
    await expect(ordered(second)).rejects.toMatchObject({ code: 'root_bad_order' });
    world.ownerKeyChanges.push(change());
    await expect(ordered(second)).resolves.toEqual({ exitCode: 0 });
    // An agent that was taken over keeps it from the unit from now on.
    world.ownerKeyChanges.length = 0;
    await expect(ordered(OWNER)).rejects.toMatchObject({ code: 'root_bad_order' });
    await expect(ordered(second)).resolves.toEqual({ exitCode: 0 });
  });

  it.each<[string, Uint8Array]>([
    ['that the thief signed', change({ next: thief.publicKey }, thief)],
    [
      'that the thief signed as the one before',
      change({ previous: thief.publicKey, next: thief.publicKey }, thief),
    ],
    ['of another owner with the same key', change({ owner: 'b@example.org', next: thief.publicKey })],
    ['of another region', change({ region: 'na', next: thief.publicKey })],
    ['that leaves one out', change({ serial: 3, next: thief.publicKey })],
    ['to a weak key', change({ next: new Uint8Array(32) })],
    ['that is noise', new Uint8Array(99).fill(7)],
  ])('stays where a change comes %s', async (_what, sealed) => {
    const world = await makeRootWorld();
    world.ownerKeyChanges.push(sealed);
    const ordered = (orderKey: SigningKey) =>
      world.steps(makeJob({ ...RESTART, orderKey })).run('node-restart', { signal });
    await expect(ordered(thief)).rejects.toMatchObject({ code: 'root_bad_order' });
    await expect(ordered(OWNER)).resolves.toEqual({ exitCode: 0 });
    expect(world.ran).toHaveLength(1);
  });

  it('is led nowhere by an older change, once a key came back', async () => {
    const disk = new MemoryDisk();
    const keys = () => new OwnerKeys(disk, '/state');
    const held = async (...changes: Uint8Array[]) =>
      (await keys().follow(node, REGION.name, changes)).ownerKey;
    expect(await held(change())).toEqual(second.publicKey);
    expect(await held(change(), BACK)).toEqual(OWNER.publicKey);
    expect(await held(change())).toEqual(OWNER.publicKey);
    // As pinned when the key had come back already.
    const late = { ...node, owner: { ...node.owner, serial: 3 } };
    const fresh = new OwnerKeys(new MemoryDisk(), '/state');
    expect((await fresh.follow(late, REGION.name, [change()])).ownerKey).toEqual(OWNER.publicKey);
  });

  it('is what a person pins anew, whatever was followed from another', async () => {
    const disk = new MemoryDisk();
    const keys = new OwnerKeys(disk, '/state');
    await keys.follow(node, REGION.name, [change()]);
    const anew = { ...node, ownerKey: thief.publicKey };
    expect((await keys.follow(anew, REGION.name, [change(), BACK])).ownerKey).toEqual(thief.publicKey);
  });

  it('stays as it is for a node that was pinned without its owner’s name, or without a key', async () => {
    const keys = new OwnerKeys(new MemoryDisk(), '/state');
    const { owner: _unnamed, ...older } = node;
    expect(await keys.follow(older, REGION.name, [change()])).toEqual(older);
    const keyless = { ...node, ownerKey: undefined };
    expect(await keys.follow(keyless, REGION.name, [change()])).toEqual(keyless);
  });
});
