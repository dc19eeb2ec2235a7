/** An owner's key from the hub's database to the node that pins it, over a real enrolment, and what comes back of it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OwnerKeyStore } from '@stoa/hub/owner-keys';
import { ownerKeyChangeKind, type SigningKey, seal, toBase64Url, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentHost } from './kit/agent-host.ts';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { PageReader } from './kit/page-reader.ts';
import { until } from './kit/until.ts';
import { random } from './kit/wire-agent.ts';

const OWNER = 'a@example.org';

describe("an owner's key", { timeout: 60_000 }, () => {
  let world: TestHub;
  let keys: OwnerKeyStore;

  beforeAll(async () => {
    world = await openTestHub({ logLevel: 'warn' });
    keys = new OwnerKeyStore(world.database.sql);
  }, 60_000);
  afterAll(() => world[Symbol.asyncDispose]());

  const newKey = () => nodeCrypto.signingKey(random(32));
  const fingerprint = ({ publicKey }: SigningKey) => toHex(nodeCrypto.hash(publicKey));
  const bodyOf = (serial: number, { previous, next }: Record<'previous' | 'next', SigningKey>) => ({
    ...{ owner: OWNER, region: 'local', serial },
    ...{ previous: previous.publicKey, next: next.publicKey },
  });
  const replace = (serial: number, { by, ...keyPair }: Record<'previous' | 'next' | 'by', SigningKey>) => {
    const { publicKey } = keyPair.next;
    const key = { owner: OWNER, serial, publicKey, madeIn: 'file', since: Date.now() } as const;
    return keys.replace(key, seal(ownerKeyChangeKind, bodyOf(serial, keyPair), by));
  };
  const described = async (nodeId: string) => {
    const [row] = await world.database.sql<{ settings: Setting[]; components: Component[] }[]>`
      select settings, components from node_descriptions where node_id = ${nodeId}`;
    return {
      pinned: row?.settings.find(({ name }) => name === 'owner-key')?.value,
      health: row?.components.find(({ name }) => name === 'owner-key'),
    };
  };

  it('is pinned at the join, survives what the hub says later, and both are told', async () => {
    await using unowned = await AgentHost.create();
    await unowned.enroll(world);
    const without = await unowned.start();
    expect(without.ownerKey).toBeUndefined();

    const [first, second, forged] = [newKey(), newKey(), newKey()];
    await keys.first({ owner: OWNER, publicKey: first.publicKey, madeIn: 'file', since: Date.now() });
    await using host = await AgentHost.create();
    const nodeId = await host.enroll(world);
    const file = join(host.directory, 'identities', 'default', 'owner-key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const agent = await host.start();
    expect(agent.ownerKey).toEqual({ pinned: fingerprint(first), refused: undefined });
    await until(
      'the pinned key is told',
      async () => (await described(nodeId)).pinned === fingerprint(first),
    );

    // Signed by the key before it, on the owner's page: followed within the session, by those that come later too.
    const reader = new PageReader(world.hub.url.origin);
    await reader.signIn(await world.hub.web.accounts.createLoginLink(OWNER));
    const change = toBase64Url(seal(ownerKeyChangeKind, bodyOf(2, { previous: first, next: second }), first));
    await reader.send('/settings/owner-key/change', { change });
    await until('the change is told', async () => (await described(nodeId)).pinned === fingerprint(second));
    expect(agent.ownerKey).toEqual({ pinned: fingerprint(second), refused: undefined });
    await agent.stop();
    const third = newKey();
    expect(await replace(3, { previous: second, next: third, by: second })).toBe(true);
    const followed = await host.start();
    await until(
      'the next change is told',
      async () => (await described(nodeId)).pinned === fingerprint(third),
    );

    // A hub that was taken over names a key of its own: neither a session nor an enrolment moves the pin.
    await followed.stop();
    expect(await replace(4, { previous: third, next: forged, by: forged })).toBe(true);
    const kept = { pinned: fingerprint(third), refused: fingerprint(forged) };
    const again = await host.start();
    await until('the refused key is told', async () => (await described(nodeId)).health?.state === 'warn');
    expect((await described(nodeId)).health?.why).toContain(fingerprint(forged));
    expect(again.ownerKey).toEqual(kept);
    await again.stop();
    await expect(host.enroll(world, { force: true })).rejects.toMatchObject({ code: 'owner_key_changed' });
    const last = await host.start();
    expect([last.nodeId, last.ownerKey]).toEqual([nodeId, kept]);
  });
});

interface Setting {
  readonly name: string;
  readonly value: string;
}

interface Component {
  readonly name: string;
  readonly state: string;
  readonly why: string;
}
