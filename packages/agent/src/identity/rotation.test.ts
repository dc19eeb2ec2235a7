import { CONTEXT, nodeCertKind, open, peek, rotationKind, verifyIn } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { AgentWorld } from '#agent-world.fixture.ts';
import { receivedOf } from '#channel/scripted-hub.fixture.ts';
import { readText } from '#disk.ts';
import { formerKind } from '#identity/identity.ts';
import { formerPath, IdentityStore } from '#identity/identity-store.ts';
import { seededRandom } from '#identity/region.fixture.ts';
import { requestRotation, rotationOf } from '#identity/rotation.ts';
import { parseRecords } from '#record-line.ts';

const MINUTE = 60_000;

async function running() {
  const world = await AgentWorld.enrolled();
  const agent = await world.boot();
  agent.start();
  await world.clock.advance(1_000);
  return { world, agent, clock: world.clock, hub: world.hub, disk: world.disk };
}

describe('a key rotation', () => {
  test('is offered by the running agent, signed by both keys, and committed by the first session on the new one', async () => {
    const { clock, hub, disk, world, agent } = await running();
    const asked = await requestRotation(disk, world.directory, seededRandom('rotation'));
    await expect(requestRotation(disk, world.directory, seededRandom('again'))).rejects.toMatchObject({
      code: 'identity_busy',
    });
    await clock.advance(MINUTE);
    const [wish] = hub.received('keyRotate');
    const { hello } = hub.sessions[0]!;
    const before = await IdentityStore.open(disk, world.directory);
    const rotation = open(rotationKind, wish!.sealed, nodeCrypto, before.key.publicKey);
    expect(
      verifyIn(CONTEXT.rotate, nodeCrypto.verifier(rotation.newPublicKey), wish!.sealed, wish!.proof),
    ).toBe(true);
    expect(rotation).toMatchObject({ nodeId: hello!.nodeId, keyGeneration: 1 });
    await clock.advance(5 * MINUTE);
    expect(hub.received('keyRotate').length).toBe(1);
    hub.send('keyAccepted', {
      credential: world.region.credential(rotation.newPublicKey, { nodeId: before.nodeId, keyGeneration: 1 }),
    });
    await clock.advance(5_000);
    expect(agent.link()).toMatchObject({ state: 'established', sessions: 2 });
    const after = await IdentityStore.open(disk, world.directory);
    expect(after.nodeId).toEqual(before.nodeId);
    expect(after.key.publicKey).toEqual(rotation.newPublicKey);
    const former = parseRecords(formerKind, (await readText(disk, formerPath(after.nodeDirectory)))!);
    expect(former.map(({ credential }) => peek(nodeCertKind, credential.node).publicKey)).toEqual([
      before.key.publicKey,
    ]);
    expect(asked).toMatchObject({ state: 'requested', nodeId: agent.nodeId });
    expect(Buffer.from(hub.last.hello!.keyId).toString('hex')).toBe(asked.newKeyId);
    expect(rotationOf(after)).toBeUndefined();
  });

  test('that the hub does not take leaves the old key in force', async () => {
    const { clock, hub, disk, world, agent } = await running();
    await requestRotation(disk, world.directory, seededRandom('rotation'));
    await clock.advance(MINUTE);
    const before = await IdentityStore.open(disk, world.directory);
    const [wish] = hub.received('keyRotate');
    const { newPublicKey } = open(rotationKind, wish!.sealed, nodeCrypto, before.key.publicKey);
    const { nodeId } = before;
    hub.refuseKey = newPublicKey;
    hub.send('keyAccepted', {
      credential: world.region.credential(newPublicKey, { nodeId, keyGeneration: 7 }),
    });
    await clock.advance(MINUTE);
    expect(agent.link()).toMatchObject({ sessions: 1 });
    hub.send('keyAccepted', {
      credential: world.region.credential(newPublicKey, { nodeId, keyGeneration: 1 }),
    });
    await clock.advance(15 * MINUTE);
    expect(agent.link()).toMatchObject({ state: 'established', sessions: 2 });
    const after = await IdentityStore.open(disk, world.directory);
    expect(after.key.publicKey).toEqual(before.key.publicKey);
    expect(rotationOf(after)).toBeUndefined();
    expect(receivedOf(hub.last, 'keyRotate')).toEqual([]);
  });

  test('is not given up because connections break: the hub may have committed it in one whose Welcome was lost', async () => {
    const { clock, hub, disk, world, agent } = await running();
    await requestRotation(disk, world.directory, seededRandom('rotation'));
    await clock.advance(MINUTE);
    const { key, nodeId } = await IdentityStore.open(disk, world.directory);
    const [wish] = hub.received('keyRotate');
    const { newPublicKey } = open(rotationKind, wish!.sealed, nodeCrypto, key.publicKey);
    hub.act = () => 'mute';
    const credential = world.region.credential(newPublicKey, { nodeId, keyGeneration: 1 });
    hub.send('keyAccepted', { credential });
    await clock.advance(30 * MINUTE);
    expect(hub.connections.length).toBeGreaterThan(5);
    hub.act = () => 'welcome';
    await clock.advance(11 * MINUTE);
    expect(agent.link().state).toBe('established');
    expect((await IdentityStore.open(disk, world.directory)).key.publicKey).toEqual(newPublicKey);
  });
});

describe('one that the signer refuses', () => {
  async function offered() {
    const around = await running();
    const { hub, clock, disk, world } = around;
    await requestRotation(disk, world.directory, seededRandom('rotation'));
    await clock.advance(MINUTE);
    const before = await IdentityStore.open(disk, world.directory);
    const wishes = () =>
      hub
        .received('keyRotate')
        .map(({ sealed }) => open(rotationKind, sealed, nodeCrypto, before.key.publicKey));
    const refuse = (code: string) => hub.send('error', { code, retry: false, message: 'as told' });
    return { ...around, before, wishes, refuse };
  }

  test('since the generation is spent on one that came to nothing goes on to the next', async () => {
    const { clock, hub, disk, world, agent, before, wishes, refuse } = await offered();
    for (let n = 0; n < 2; n += 1) {
      refuse('rotation_conflict');
      await clock.advance(MINUTE);
    }
    expect(wishes().map(({ keyGeneration }) => keyGeneration)).toEqual([1, 2, 3]);
    const { newPublicKey } = wishes()[2]!;
    const { nodeId } = before;
    hub.send('keyAccepted', {
      credential: world.region.credential(newPublicKey, { nodeId, keyGeneration: 3 }),
    });
    await clock.advance(5_000);
    expect(agent.link()).toMatchObject({ state: 'established', sessions: 2 });
    const after = await IdentityStore.open(disk, world.directory);
    expect(after.key.publicKey).toEqual(newPublicKey);
    await requestRotation(disk, world.directory, seededRandom('the one after'));
    await clock.advance(MINUTE);
    const [wish] = receivedOf(hub.last, 'keyRotate');
    expect(peek(rotationKind, wish!.sealed).keyGeneration).toBe(4);
  });

  test('for any other reason is offered again in an hour, as it was', async () => {
    const { clock, wishes, refuse } = await offered();
    refuse('quota_exceeded');
    await clock.advance(50 * MINUTE);
    expect(wishes().length).toBe(1);
    await clock.advance(15 * MINUTE);
    expect(wishes().map(({ keyGeneration }) => keyGeneration)).toEqual([1, 1]);
  });
});
