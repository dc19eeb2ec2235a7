/** Key rotations of a real agent with a real hub and its signer. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Agent,
  createDisk,
  IdentityStore,
  identityDirectory,
  requestRotation,
  VirtualClock,
} from '@stoa/agent';
import { nodeCertKind, peek, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentHost } from '../kit/agent-host.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { random } from '../kit/wire-agent.ts';

let world: TestHub;

beforeAll(async () => {
  world = await openTestHub();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A host whose time passes some ten times as fast as the hub's, which still answers well within its time-outs. */
async function enrolledHost() {
  const clock = new VirtualClock(Date.now());
  const host = await AgentHost.create({ clock });
  await host.enroll(world);
  const directory = identityDirectory(host.config);
  const passing = (check: () => void | Promise<void>) =>
    vi.waitFor(
      async () => {
        await clock.advance(125);
        await check();
      },
      { timeout: 60_000, interval: 10 },
    );
  return {
    directory,
    open: () => IdentityStore.open(createDisk(), directory),
    /** On a busy machine a session may be lost, and another one follows. */
    sessions: (agent: Agent, least: number) =>
      passing(() => {
        expect(agent.link().state).toBe('established');
        expect(agent.link().sessions).toBeGreaterThanOrEqual(least);
      }),
    /** Until the secret of the first session is on disk. */
    stored: () =>
      passing(async () => {
        const { session } = await IdentityStore.open(createDisk(), directory);
        expect(session.cookie.length).toBeGreaterThan(0);
      }),
    /** Until the key that was asked for is the one on disk. */
    rotated: (newKeyId: string) =>
      passing(async () => {
        const { key } = await IdentityStore.open(createDisk(), directory);
        expect(toHex(nodeCrypto.hash(key.publicKey))).toBe(newKeyId);
      }),
    start: () => host.start(),
    async stop(agent: Agent) {
      const stopping = agent.stop();
      await clock.advance(10_000);
      await stopping;
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

describe('a key rotation', () => {
  it('while the agent runs is committed by the first session on the new key', async () => {
    await using host = await enrolledHost();
    const agent = await host.start();
    await host.sessions(agent, 1);
    const before = await host.open();
    const { newKeyId } = await requestRotation(createDisk(), host.directory, random);
    await host.sessions(agent, 2);
    await host.rotated(newKeyId);
    const after = await host.open();
    expect(after.nodeId).toEqual(before.nodeId);
    expect(after.candidate).toBeUndefined();
    await host.stop(agent);
  });

  it('that the old key cancelled can be made again: it takes the next generation', async () => {
    await using host = await enrolledHost();
    const copy = `${host.directory}.copy`;
    const first = await host.start();
    await host.sessions(first, 1);
    await host.stored();
    const before = await host.open();
    await cp(host.directory, copy, { recursive: true });
    const { newKeyId } = await requestRotation(createDisk(), host.directory, random);
    await host.sessions(first, 2);
    await host.rotated(newKeyId);
    await host.stop(first);
    // The disk of before, whose key is the former one, with the secret of the last session: an older one would be a copy's.
    const secret = join(before.nodeDirectory, 'session');
    await cp(secret, secret.replace(host.directory, copy));
    await rm(host.directory, { recursive: true });
    await cp(copy, host.directory, { recursive: true });
    const second = await host.start();
    await host.sessions(second, 1);
    const { newKeyId: nextKeyId } = await requestRotation(createDisk(), host.directory, random);
    await host.sessions(second, 2);
    await host.rotated(nextKeyId);
    const { identity, nodeId } = await host.open();
    expect(nodeId).toEqual(before.nodeId);
    expect(peek(nodeCertKind, identity.credential.node).keyGeneration).toBe(2);
    await host.stop(second);
  });
});
