import { CAPABILITY } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { AgentWorld } from '#agent-world.fixture.ts';
import { ByHand } from '#update/by-hand.ts';

async function world(capabilities: number): Promise<AgentWorld> {
  const made = await AgentWorld.enrolled();
  made.hub.party = { capabilities };
  made.hub.terms = { capabilities: capabilities & CAPABILITY.updates };
  const { clock, disk } = made;
  const platform = 'linux-x64';
  made.updates = await ByHand.open({
    clock,
    disk,
    dataDir: '/data',
    version: '0.1.0',
    platform,
    node: '24.21.0',
  });
  return made;
}

const ASSIGNMENT = {
  id: new Uint8Array(16).fill(7),
  act: 'install',
  kind: 'payload',
  version: '0.2.0',
  targetsVersion: 1,
  targetsSha256: new Uint8Array(32),
  notBefore: 0,
  deadline: 2e12,
  mirrors: [],
  now: false,
} as const;

describe('a session', () => {
  it('F09 tells at its start how the node keeps itself current, and answers an assignment', async () => {
    const made = await world(CAPABILITY.updates);
    const agent = await made.boot();
    agent.start();
    await made.clock.advance(1_000);
    expect(made.hub.connections.at(-1)?.hello?.capabilities).toBe(CAPABILITY.updates | CAPABILITY.receipts);
    expect(made.hub.received('updateStatus')).toMatchObject([
      { state: 'idle', version: '0.1.0', launcher: '' },
    ]);
    made.hub.send('updateAssignment', { ...ASSIGNMENT, mirrors: [] });
    await made.clock.advance(1_000);
    expect(made.hub.received('updateStatus').at(-1)).toMatchObject({
      assignment: ASSIGNMENT.id,
      state: 'refused',
      reason: 'by_hand',
    });
    await agent.stop();
  });

  it('with a hub that does not know of updates has no word of them, and stands', async () => {
    const made = await world(0);
    const agent = await made.boot();
    agent.start();
    await made.clock.advance(60_000);
    expect(made.hub.received('updateStatus')).toEqual([]);
    expect(made.hub.received('heartbeat').length).toBeGreaterThan(0);
    expect(agent.link().state).toBe('established');
    await agent.stop();
  });

  it('of a version that only updates asks for no work and measures nothing', async () => {
    const made = await world(CAPABILITY.updates);
    made.updateOnly = true;
    let asked = 0;
    made.scene.host = () => {
      asked += 1;
      throw new Error('not to be measured');
    };
    const agent = await made.boot();
    agent.start();
    await made.clock.advance(120_000);
    expect(asked).toBe(0);
    expect(made.hub.received('heartbeat').length).toBeGreaterThan(0);
    expect(made.hub.received('updateStatus')).toHaveLength(1);
    expect(made.hub.received('leaseRequest').every(({ read, mutating }) => read + mutating === 0)).toBe(true);
    await agent.stop();
  });
});
